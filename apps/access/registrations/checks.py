"""What access tells posture at start-up: the checks over its own requests, grants and emergency access."""

from apps.access.checks import deciding, grants
from apps.posture.spec import register


def register_checks() -> None:
    """Register the checks; a name taken by another stops the start."""
    for spec in (grants.ID_07, grants.ID_08, deciding.ID_09, deciding.ID_10, deciding.ID_13):
        register(spec)
