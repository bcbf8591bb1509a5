"""Who is whom: told by governance, whose exceptions ask it too."""

from apps.governance.queries.people import Who, who_are

__all__ = ["Who", "who_are"]
