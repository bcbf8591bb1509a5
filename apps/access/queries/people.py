"""Who is whom: told by governance, whose exceptions ask it too."""

from apps.governance.queries.people import Who, is_among, who_are

__all__ = ["Who", "is_among", "who_are"]
