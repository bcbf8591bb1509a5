"""People and identities."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from apps.core.actor import Actor
from apps.core.errors import NotFound
from apps.core.facts import Fact
from apps.core.text import display
from apps.inventory.models import Asset, Credential, Entitlement, Factor, Identity, Person, PersonRecord, Source
from apps.inventory.queries.counting import distinct_count
from apps.inventory.queries.kept import kept


def list_identities(actor: Actor) -> QuerySet[Identity]:
    """Return the identities the actor may see, present ones first, with how strong their factors are."""
    active = Factor.objects.present().filter(identity_id=OuterRef("pk"), active=Fact.YES)
    keys = Credential.objects.present().filter(active=Fact.YES).exclude(kind="password")
    return (
        Identity.objects.visible_to(actor)
        .present()
        .select_related("source", "person")
        .annotate(
            resistant=Exists(active.filter(strength="phishing_resistant")),
            strong=Exists(active.filter(strength__in=("strong", "phishing_resistant"))),
            weak=Exists(active.filter(strength="weak")),
            active_keys=distinct_count(keys, "identity_id"),
        )
    )


@dataclass(frozen=True, slots=True)
class Survey:
    """What the list of identities shows beside its rows: how many there are, and the sources that show them."""

    total: int
    sources: list[tuple[Any, str]]


def survey(actor: Actor) -> Survey:
    """Return the survey of the identities the actor may see; two queries, or one where it is kept."""
    return kept(actor, "identity-survey", ("inventory.",), lambda: _survey(actor))


def _survey(actor: Actor) -> Survey:
    rows = Identity.objects.visible_to(actor).present()
    seen = rows.filter(source_id=OuterRef("pk"))
    sources = Source.objects.filter(Exists(seen)).order_by("name").values_list("pk", "name")
    return Survey(rows.count(), list(sources[:100]))


def shown_identities(actor: Actor, rows: QuerySet[Identity]) -> list[Identity]:
    """Return one page of identities in the order of `rows`, the page's slice; two queries.

    Factors and keys are looked up for the rows of the page only.
    """
    keys = list(rows.values_list("pk", flat=True))
    found = {identity.pk: identity for identity in list_identities(actor).filter(pk__in=keys)}
    return [found[key] for key in keys if key in found]


def _details() -> list[Any]:
    """Return what a page and the API show of an identity: its factors and credentials that are still there."""
    return [
        Prefetch("factors", Factor.objects.present().order_by("type")),
        Prefetch("credentials", Credential.objects.present().order_by("kind", "name")),
    ]


def find_identity(actor: Actor, key: UUID | str) -> Identity:
    """Return one identity with factors, credentials and access. Raises NotFound, also for one not visible."""
    access = Entitlement.objects.present().select_related("asset").order_by("operation")
    found = (
        Identity.objects.visible_to(actor)
        .filter(pk=key)
        .select_related("source", "person", "last_import")
        .prefetch_related(*_details(), Prefetch("entitlements", access))
        .first()
    )
    if found is None:
        raise NotFound("There is no such identity, or you may not see it.")
    return found


def list_people(actor: Actor) -> QuerySet[Person]:
    """Return the people the actor may see, with how many identities stand for each."""
    return (
        Person.objects.visible_to(actor)
        .select_related("manager", "team", "user")
        .annotate(identity_count=distinct_count(Identity.objects.present(), "person_id"))
    )


def find_person(actor: Actor, key: UUID | str) -> Person:
    """Return one person with identities and assets. Raises NotFound, also for one not visible."""
    found = (
        Person.objects.visible_to(actor)
        .filter(pk=key)
        .select_related("manager", "team", "user")
        .prefetch_related(
            Prefetch("identities", Identity.objects.present().select_related("source")), "records__source"
        )
        .first()
    )
    if found is None:
        raise NotFound("There is no such person, or you may not see them.")
    return found


def visible_person(actor: Actor, identity: Identity) -> Person | None:
    """Return the person behind the identity if the actor may see them; one query."""
    if identity.person_id is None:
        return None
    return Person.objects.visible_to(actor).filter(pk=identity.person_id).first()


def known_from(person: Person) -> list[str]:
    """Return the names of the sources that show a person as `find_person` fetched them; no query."""
    records: list[PersonRecord] = list(person.records.all())
    return sorted({display(record.source.name) for record in records})


def owned_assets(actor: Actor, person: Person) -> QuerySet[Asset]:
    """Return the assets the person is the confirmed owner of, as far as the actor may see them."""
    return (
        Asset.objects.visible_to(actor)
        .present()
        .filter(owner=person, owner_confirmed_at__isnull=False)
        .order_by("name")
    )


def api_identities(actor: Actor) -> QuerySet[Identity]:
    """Return the present identities the actor may see, with source, person, factors and credentials."""
    rows = Identity.objects.visible_to(actor).present().select_related("source", "person")
    return rows.prefetch_related(*_details())
