"""The answer of a rule."""

from dataclasses import dataclass

from apps.core.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and always why; a page disables the button and shows `reason`."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def require(self) -> None:
        """Raise Forbidden with the reason unless allowed."""
        if not self.allowed:
            raise Forbidden(self.reason)


ALLOWED = Decision(True)


def refused(reason: str) -> Decision:
    """Return a refusal with its reason."""
    return Decision(False, reason)
