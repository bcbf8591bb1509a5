"""Reads about passwords of grants' own roles; never the password."""

from apps.access.models import Grant, GrantPassword


def password_waits(grant: Grant) -> bool:
    """Return whether the password of this generation was set and not yet shown. One query."""
    rows = GrantPassword.objects.filter(grant=grant, generation=grant.generation, shown_at__isnull=True)
    return rows.exclude(sealed="").exists()
