"""The story of ninety days at Fenwick Mutual: everything that happens, decided once from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from apps.portal.sample.accounts import Account, build_accounts
from apps.portal.sample.cloud import CloudUser, build_cloud_users
from apps.portal.sample.people import DOMAIN, Person, build_people
from apps.portal.sample.registry import Registry, build_registry

ORGANISATION = "Fenwick Mutual"


@dataclass(frozen=True)
class CastMember:
    """Someone who signs in to the demo: a role of the portal and the person behind it."""

    role: str
    name: str
    email: str


CAST = (
    CastMember("ciso", "Dana Whitlock", f"dana.whitlock@{DOMAIN}"),
    CastMember("security_admin", "Tomas Veselka", f"tomas.veselka@{DOMAIN}"),
    CastMember("manager", "Kofi Mensah", f"kofi.mensah@{DOMAIN}"),
    CastMember("engineer", "Priya Raman", f"priya.raman@{DOMAIN}"),
    CastMember("auditor", "Lena Fürst", f"lena.fuerst@{DOMAIN}"),
)


@dataclass(frozen=True)
class Story:
    """The organisation over the whole story; every export is a view of it on one day."""

    people: tuple[Person, ...]
    accounts: tuple[Account, ...]
    cloud: tuple[CloudUser, ...]
    registry: Registry


def build_story(seed: int) -> Story:
    """The same seed tells the same story; each noun draws from its own stream, so that one does not shift another."""
    people = build_people(Random(f"{seed}:people"))
    return Story(
        people,
        build_accounts(Random(f"{seed}:accounts"), people),
        build_cloud_users(Random(f"{seed}:cloud"), people),
        build_registry(Random(f"{seed}:registry"), people),
    )
