"""Addresses that leave the portal."""

from django.conf import settings
from django.urls import reverse


def link_address(secret: str) -> str:
    """Return the whole address of a sign-in link; its host is the configured one, never what a request claims."""
    return settings.ZTPORTAL_ORIGIN.rstrip("/") + reverse("accounts:link", args=[secret])
