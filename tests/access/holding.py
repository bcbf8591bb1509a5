"""Accounts with observed access as the checks about holders judge them."""

from typing import Any

from apps.inventory.models import Asset, Entitlement, Identity, Person
from tests.factories import make_entitlement, make_factor, make_identity, make_person, make_source


def holder(**fields: Any) -> Identity:
    """Return an account of a server that tells AI access; its factors are known, and there are none."""
    fields.setdefault("source", make_source(brings_ai_entitlements=True))
    return make_identity(**{"mfa_known": "yes", "password_sign_in": "yes", **fields})


def privileged(identity: Identity, **fields: Any) -> Entitlement:
    """Return standing privileged access of the account."""
    return make_entitlement(identity, **{"privileged": "yes", "operation": "MANAGE", **fields})


def key(identity: Identity, **fields: Any) -> None:
    """Register a security key."""
    make_factor(identity, **{"type": "fido2SecurityKey", "strength": "phishing_resistant", **fields})


def holders_of(asset: Asset, count: int, **fields: Any) -> list[Person]:
    """Return as many people, each with standing privileged access to the asset."""
    people = [make_person() for _ in range(count)]
    for person in people:
        privileged(holder(person=person), asset=asset, **fields)
    return people
