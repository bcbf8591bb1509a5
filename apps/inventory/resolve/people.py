"""Joining people: records and identities to persons by employee id, login or mail, never by display name alone."""

from datetime import datetime
from typing import Any

from django.db.models import Case, DateField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Lower

from apps.accounts.models import Team
from apps.core.sql import analyse, insert_from, update_from
from apps.inventory.models import Identity, Import, OwnerClaim, Person, PersonRecord
from apps.inventory.records import IDENTITY, OWNER_CLAIM, PERSON
from apps.inventory.resolve.known import Way, known, person_by
from apps.inventory.states import IdentityKind, PersonStatus

#: Behind these stands no single person.
NOBODY = (IdentityKind.SERVICE, IdentityKind.WORKLOAD, IdentityKind.AGENT)


def resolve_people(owner: Import, now: datetime) -> None:
    """Give every person record a person, and every person of this source the newest record's columns."""
    if PERSON not in owner.covered:
        return
    records = PersonRecord.objects.filter(source_id=owner.source_id)
    _join_records(records.filter(person__isnull=True))
    new = records.filter(person__isnull=True)
    columns = {"id": F("id"), "name": F("name"), "email": F("email"), "job_title": F("job_title"), **_blank()}
    if insert_from(Person, columns, new.filter(~Exists(Person.objects.filter(pk=OuterRef("pk"))))):
        analyse(Person)
    update_from(PersonRecord, {"person": F("id")}, new, on={"id": "id"})
    _fill_persons(records, owner)
    _set_managers(records)
    _match_teams()


def _blank() -> dict[str, Any]:
    return {name: Value("") for name in ("business_unit", "team_name")} | {"status": Value(PersonStatus.UNKNOWN)}


def _ways() -> list[Way]:
    """People by the ids, mails and logins of their records, and by their own mail."""
    records = PersonRecord.objects.filter(person__isnull=False)
    return [
        ("id", records, "source_key", "person_id"),
        ("email", records, "email", "person_id"),
        ("login", records, "login", "person_id"),
        ("person", Person.objects.all(), "email", "id"),
    ]


def _join_records(new: QuerySet[PersonRecord]) -> None:
    """A record of another source, or a person known by mail, with the same mail or login is the same person."""
    if not Person.objects.exists() or not new.exists():
        return
    match = person_by(("email", "email"), ("email", "person"), ("login", "login"))
    with known(_ways()):
        joined = new.annotate(_match=match).filter(_match__isnull=False)
        update_from(PersonRecord, {"person": F("_match")}, joined, on={"id": "id"})


def _fill_persons(records: QuerySet[PersonRecord], owner: Import) -> None:
    """Copy the columns of each person's newest present record; a person whose records are all gone has left."""
    at = {"person_id": OuterRef("person_id"), "gone_at__isnull": True}
    newer = PersonRecord.objects.filter(**at).filter(
        Q(observed_at__gt=OuterRef("observed_at")) | Q(observed_at=OuterRef("observed_at"), id__gt=OuterRef("id"))
    )
    day = Value(owner.observed_at.date(), output_field=DateField())
    status = Case(When(ended_on__lt=day, then=Value(PersonStatus.LEFT)), default=F("status"))
    names = ("name", "email", "job_title", "business_unit", "team_name", "started_on", "ended_on")
    present = records.filter(person__isnull=False, gone_at__isnull=True).filter(~Exists(newer))
    update_from(Person, {**{name: F(name) for name in names}, "status": status}, present, on={"id": "person_id"})
    here = PersonRecord.objects.filter(person_id=OuterRef("pk"), gone_at__isnull=True)
    ever = records.filter(person_id=OuterRef("pk"))
    Person.objects.filter(Exists(ever), ~Exists(here)).exclude(status=PersonStatus.LEFT).update(
        status=PersonStatus.LEFT
    )


def _set_managers(records: QuerySet[PersonRecord]) -> None:
    """A manager is named by employee id, mail, login or a name that is unique within the source."""
    here = records.filter(person__isnull=False, gone_at__isnull=True)
    ways = ("source_key", "email", "login", "name")
    match = person_by(*(("manager_key", way) for way in ways))
    other = here.filter(person_id=OuterRef("person_id"), id__gt=OuterRef("id"))
    with known([(way, here, way, "person_id") for way in ways]):
        update_from(
            Person, {"manager": F("_match")}, here.filter(~Exists(other)).annotate(_match=match), on={"id": "person_id"}
        )
    Person.objects.filter(manager_id=F("id")).update(manager=None)


def _match_teams() -> None:
    """Teams of the organisation are matched by name, case-insensitively; a name without a team matches none."""
    team = Team.objects.annotate(_name=Lower("name")).filter(_name=Lower(OuterRef("team_name"))).values("pk")[:1]
    update_from(Person, {"team": Subquery(team)}, Person.objects.all(), on={"id": "id"})


def resolve_identities(owner: Import, now: datetime) -> None:
    """Link identities to persons; what was merged or split by hand stays; only a better link replaces one."""
    if PERSON not in owner.covered and IDENTITY not in owner.covered:
        return
    rows = Identity.objects.filter(person_by_hand=False, gone_at__isnull=True).exclude(kind__in=NOBODY)
    if PERSON not in owner.covered:
        rows = rows.filter(last_import_id=owner.pk)
    if not rows.exists() or not Person.objects.exists():
        return
    match = person_by(
        ("employee_id", "id"), ("email", "email"), ("login", "email"), ("login", "login"), ("email", "person"),
        ("login", "person"),
    )  # fmt: skip
    with known(_ways()):
        matched = rows.annotate(_match=match).filter(_match__isnull=False)
        update_from(Identity, {"person": F("_match")}, matched, on={"id": "id"})


def resolve_owner_claims(owner: Import, now: datetime) -> None:
    """Find the person a claim names by mail or login. It is a suggestion: nothing is owned until it is confirmed."""
    if not {OWNER_CLAIM, PERSON, IDENTITY} & set(owner.covered):
        return
    claims = OwnerClaim.objects.filter(gone_at__isnull=True)
    if PERSON not in owner.covered and IDENTITY not in owner.covered:
        claims = claims.filter(source_id=owner.source_id)
    if not claims.exists():
        return
    acting = Identity.objects.filter(person__isnull=False)
    ways = [
        *_ways(),
        ("identity login", acting, "login", "person_id"),
        ("identity email", acting, "email", "person_id"),
    ]
    match = person_by(
        *(("claim", way) for way in ("person", "email", "login", "id", "identity login", "identity email"))
    )
    with known(ways):
        update_from(OwnerClaim, {"person": F("_match")}, claims.annotate(_match=match), on={"id": "id"})
