"""What access tells governance at start-up: an exception may be about a grant."""

from apps.access.queries.exceptions import GRANTS
from apps.governance.references import REFERENCES


def register_exceptions() -> None:
    """Register the kind; a name taken by another stops the start."""
    REFERENCES.register(GRANTS.kind, GRANTS)
