"""Provisioners by their key; filled in the open in `apps.py`."""

from apps.access.provisioning.contract import Provisioner
from apps.core.errors import Invalid
from apps.core.registry import Registry

PORTAL = "portal"
PROVISIONERS: Registry[Provisioner] = Registry("provisioner")


def provisioner(key: str) -> Provisioner:
    """Return the provisioner of a binding. Raises Invalid where there is none of that name."""
    found = PROVISIONERS.get(key)
    if found is None:
        raise Invalid(f"There is no provisioner {key!r}.")
    return found
