"""When several items may be decided at once."""

from apps.core.decision import ALLOWED, Decision, refused


def can_decide_at_once(own: int) -> Decision:
    """Not while one of them is one's own, by whatever account, or one's own approval's alone (invariant 17)."""
    if own:
        return refused(f"{own} of them are access of yours, or rest on your approval alone; they go to somebody else.")
    return ALLOWED
