"""View models of the components: pure functions from values to what a template prints."""
