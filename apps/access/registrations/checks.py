"""What access tells posture at start-up: checks over its requests, grants and emergency access, and over holders."""

from apps.access.checks import deciding, grants, holders, privileged
from apps.posture.spec import register


def register_checks() -> None:
    """Register the checks; a name taken by another stops the start."""
    for spec in (
        privileged.ID_02,
        privileged.ID_06,
        grants.ID_07,
        grants.ID_08,
        deciding.ID_09,
        deciding.ID_10,
        deciding.ID_13,
        holders.ID_14,
    ):
        register(spec)
