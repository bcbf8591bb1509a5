"""Audit events of the portal itself."""

from apps.core.events import declare

SAMPLE_LOADED = declare("portal.sample.loaded", "Sample organisation loaded", details=("weeks", "imports", "runs"))
SAMPLE_REMOVED = declare(
    "portal.sample.removed",
    "Sample organisation removed",
    details=("sources", "assets", "people", "requests", "grants", "runs", "exceptions", "reviews", "users"),
)
