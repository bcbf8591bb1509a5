"""Addresses of lists that show exactly the rows a number counts."""

from urllib.parse import urlencode


def results_url(**filters: object) -> str:
    """Return the list of results with these filters: pillar, check, kind, outcome, reason, run."""
    return _with("/posture/results", filters)


def findings_url(**filters: object) -> str:
    """Return the list of findings with these filters: severity, pillar, check, state, late, owner, tier, source."""
    return _with("/findings", filters)


def _with(path: str, filters: dict[str, object]) -> str:
    given = {name: str(value) for name, value in filters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path
