"""Template filters of the access pages."""
