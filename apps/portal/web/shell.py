"""What the shell of every page says about the portal as a whole."""

from django.conf import settings
from django.http import HttpRequest

from apps.portal.queries import sample_present
from apps.portal.rules import can_manage_sample
from apps.portal.sample import ORGANISATION


def sample_bar(request: HttpRequest) -> bool:
    """Return whether a bar has to say that this is sample data; asked once per request."""
    if not hasattr(request, "_sample_present"):
        request._sample_present = sample_present()  # type: ignore[attr-defined]
    return bool(request._sample_present)  # type: ignore[attr-defined]


def sample_removable(request: HttpRequest) -> bool:
    """Return whether the actor may remove the sample."""
    return sample_bar(request) and bool(can_manage_sample(request.actor))  # type: ignore[attr-defined]


def organisation(request: HttpRequest) -> str:
    """Return the name of the organisation: the setting, else the sample's."""
    return settings.ZTPORTAL_ORGANISATION or (ORGANISATION if sample_bar(request) else "")
