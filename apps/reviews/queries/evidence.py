"""What the evidence of a review is made of: the rows of every file, and the events of the log about it.

Each file is one query read as a stream. Rows are plain values; people come with their id and name.
"""

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Q, QuerySet, UUIDField, When
from django.db.models.functions import Cast

from apps.access.models import PolicyVersion, Receipt
from apps.audit.models import Entry, EntryQuerySet
from apps.core.events import PRIVILEGED
from apps.governance.models import ExceptionVote
from apps.governance.states import ReferenceKind
from apps.reviews import events
from apps.reviews.models import Bulk, Campaign, Decision, Item, Proof, Removal, Routing, Sample, Seat
from apps.reviews.queries.digests import SNAPSHOT, word
from apps.reviews.states import SubjectKind

CHUNK = 2000
#: Events about several reviews at once; those of the time of a review belong to its evidence.
SHARED = (events.ITEMS_MOOT, events.ITEMS_REROUTED, events.REMOVALS_VERIFIED, events.REMOVALS_FAILED)
STANDING = ("pile", "stage", "routed", "state", "decision", "decided_at", "defaulted", "suspended_at", "ended_at")
TERMS = (
    "number", "code", "name", "trigger", "trigger_key", "scope", "stages", "default_choice", "grace_days",
    "removal_days", "state", "items_count", "snapshot_hash", "created_at", "staged_at", "opened_at", "due_at",
    "escalated_at", "suspended_at", "sealed_at", "closed_at", "done_at_due",
)  # fmt: skip


def _texts(campaign: Campaign) -> QuerySet[Any, Any]:
    """Return the numbers of a review's items as texts, as the log and exceptions name them."""
    return Item.objects.filter(campaign=campaign).order_by().annotate(_text=Cast("pk", CharField())).values("_text")


def _people(*names: str) -> list[str]:
    return [column for name in names for column in (f"{name}_id", f"{name}__name")]


def _decisions(campaign: Campaign) -> QuerySet[Any, Any]:
    people = _people("reviewer", "on_behalf_of")
    return Decision.objects.filter(campaign=campaign).order_by("number").values(
        "number", "item_id", "digest", "stage", *people, "choice", "note", "less", "defaulted", "second", "bulk_id",
        "strength", "at",
    )  # fmt: skip


def _seats(campaign: Campaign) -> QuerySet[Any, Any]:
    rows = Seat.objects.filter(campaign=campaign).order_by("pk")
    return rows.values("stage", *_people("reviewer"), "since", "signed_at", *_people("signed_by"))


def _bulks(campaign: Campaign) -> QuerySet[Any, Any]:
    rows = Bulk.objects.filter(campaign=campaign).order_by("pk")
    return rows.values("id", "stage", *_people("reviewer"), "choice", "digest", "count", "sample_id", "at")


def _samples(campaign: Campaign) -> QuerySet[Any, Any]:
    rows = Sample.objects.filter(campaign=campaign).order_by("pk")
    return rows.values("id", "stage", *_people("reviewer"), "seed", "drawn_from", "items", "at")


def _routings(campaign: Campaign) -> QuerySet[Any, Any]:
    rows = Routing.objects.filter(item__campaign=campaign).order_by("pk")
    return rows.values("item_id", "stage", *_people("before", "after", "by"), "why", "note", "at")


def _removals(campaign: Campaign) -> QuerySet[Any, Any]:
    rows = Removal.objects.filter(item__campaign=campaign).order_by("pk")
    times = ("asked_at", "due_at", "tried_at", "done_at", "alarmed_at", "ended_at")
    return rows.values("item_id", "way", *_people("owner"), "attempts", "last_problem", *times)


def _proofs(campaign: Campaign) -> QuerySet[Any, Any]:
    rows = Proof.objects.filter(removal__item__campaign=campaign).order_by("pk")
    return rows.values("removal_id", "seen", *_people("by"), "evidence", "at")


def _receipts(campaign: Campaign) -> QuerySet[Any, Any]:
    """What targets answered for the grants that were reviewed; other subjects have no UUID to cast."""
    grant = Case(When(subject_kind=SubjectKind.GRANT, then=Cast("subject_id", UUIDField())))
    grants = Item.objects.filter(campaign=campaign, subject_kind=SubjectKind.GRANT).order_by().annotate(_grant=grant)
    rows = Receipt.objects.filter(grant_id__in=grants.values("_grant")).order_by("pk")
    return rows.values("grant_id", "generation", "carried", "worked", "observed", "evidence", "at")


def _risks(campaign: Campaign) -> QuerySet[Any, Any]:
    """The votes on exceptions about its items, each with what was asked for."""
    asked = ("number", "key", "because", "comp_check", "comp_label", "ends_on", "asked_at", "state", "ended_at",
             "end_reason", *_people("asked_by"))  # fmt: skip
    rows = ExceptionVote.objects.filter(exception__kind=ReferenceKind.REVIEW_ITEM, exception__key__in=_texts(campaign))
    return rows.order_by("pk").values(*(f"exception__{name}" for name in asked), *_people("voter"), "choice", "at")


def _policies(campaign: Campaign) -> QuerySet[Any, Any]:
    """The policy versions with all their texts, from the one it was staged under to the last one before it closed."""
    rows = PolicyVersion.objects.filter(number__gte=campaign.policy_version_id or 0).order_by("number")
    if campaign.closed_at is not None:
        rows = rows.filter(in_force_at__lte=campaign.closed_at)
    return rows.values("number", "digest", "texts", "note", "in_force_at", *_people("proposed_by", "confirmed_by"))


#: File by file, what it holds beside the terms and the items.
FILES: dict[str, Callable[[Campaign], QuerySet[Any, Any]]] = {
    "sheets.jsonl": _seats,
    "decisions.jsonl": _decisions,
    "bulks.jsonl": _bulks,
    "samples.jsonl": _samples,
    "routings.jsonl": _routings,
    "removals.jsonl": _removals,
    "proofs.jsonl": _proofs,
    "receipts.jsonl": _receipts,
    "risks.jsonl": _risks,
    "policies.jsonl": _policies,
}


def terms_of(campaign: Campaign) -> dict[str, Any]:
    """Return a review as review.json has it; `snapshot_columns` names what an item's `snapshot` lists. One query."""
    author = campaign.created_by
    return {
        **{name: getattr(campaign, name) for name in TERMS},
        "created_by_id": campaign.created_by_id,
        "created_by_name": author.name if author else None,
        "series_id": campaign.series_id,
        "policy_version": campaign.policy_version_id,
        "snapshot_columns": SNAPSHOT,
    }


def item_rows(campaign: Campaign) -> Iterator[dict[str, Any]]:
    """Yield the items in the order of the snapshot hash, each with the texts that its digest is over. One query."""
    columns = [*SNAPSHOT, "number", "digest", *STANDING, *_people("reviewer", "decided_by")]
    rows = Item.objects.filter(campaign=campaign).order_by("number").values(*columns)
    for row in rows.iterator(chunk_size=CHUNK):
        shown = [word(row.pop(name)) for name in SNAPSHOT]
        yield {"number": row.pop("number"), "digest": row.pop("digest"), "snapshot": shown, **row}


def line(row: dict[str, Any]) -> bytes:
    """Return a row as its line of a file."""
    plain = {name.replace("__", "_"): value for name, value in row.items()}
    return json.dumps(plain, separators=(",", ":"), default=_plain).encode() + b"\n"


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()  # an instant too, in UTC
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"a {type(value).__name__} is not evidence")


def events_about(campaign: Campaign) -> EntryQuerySet:
    """Return the events of the log about a review, its items and its saved scope, in their order."""
    about = Q(subject_kind="review", subject_id=str(campaign.pk))
    about |= Q(subject_kind="review_item", subject_id__in=_texts(campaign))
    if campaign.series_id is not None:
        about |= Q(subject_kind="review_series", subject_id=str(campaign.series_id))
    while_it_ran = Q(at__gte=campaign.opened_at)
    if campaign.closed_at is not None:
        while_it_ran &= Q(at__lte=campaign.closed_at)
    about |= Q(action__in=[event.name for event in SHARED]) & while_it_ran
    found: EntryQuerySet = Entry.objects.filter(about, log=PRIVILEGED)
    return found.select_related("details").order_by("seq")
