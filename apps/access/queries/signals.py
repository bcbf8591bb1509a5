"""What speaks for and against a request: each signal is one fact in a sentence, on one of two sides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Count, Q
from django.db.models.functions import Lower

from apps.access.models import AccessRequest, Grant
from apps.access.policies.facts import principal_of
from apps.access.policies.questions import STRONG_FACTORS
from apps.access.queries.conflicts import DutyConflict
from apps.access.queries.lineage import Related
from apps.access.queries.people import Who
from apps.accounts.queries import FACTOR_TYPES
from apps.core.numbers import counted
from apps.governance.operations import OPERATIONS
from apps.governance.tiers import is_sensitive
from apps.inventory.models import Entitlement, Person
from apps.inventory.states import AssetKind, PersonStatus
from apps.posture.models import Finding

#: A factor registered more recently than this is told: it may not be the person's own.
NEW_FACTOR = timedelta(days=7)
#: Fewer people of the same job say nothing about what is usual.
LEAST_PEERS = 5
_FACTOR_WORDS = {"phishing_resistant": "phishing-resistant", "strong": "strong"}
_DATA = (AssetKind.DATASET, AssetKind.FEATURE_STORE, AssetKind.VECTOR_STORE)


@dataclass(frozen=True, slots=True)
class Signal:
    """One fact: `against` puts it under "Look at", else it stands under "Checks out"."""

    key: str
    text: str
    against: bool


def signals(
    request: AccessRequest,
    who: Who,
    conflicts: Sequence[DutyConflict],
    lineage: Sequence[Related],
    now: datetime,
) -> list[Signal]:
    """Return all signals of a request, those against first. At most 12 queries."""
    found = [
        *_findings(request),
        *_factor(request, now),
        *_duties(conflicts, who),
        *_usual(request, who),
        *_personal(request, lineage),
        *_irreversible(request),
    ]
    return sorted(found, key=lambda signal: not signal.against)


def _findings(request: AccessRequest) -> Iterator[Signal]:
    subjects = {request.asset_id, request.asset.parent_id} - {None}
    rows = Finding.objects.unresolved().filter(Q(asset_id__in=subjects) | Q(subject_id__in=subjects))
    by_severity: dict[str, int] = dict(rows.order_by().values_list("severity").annotate(n=Count("pk")))
    if not by_severity:
        yield Signal("findings", "The asset has no open findings.", against=False)
        return
    told = ", ".join(
        f"{by_severity[name]} {name}" for name in ("critical", "high", "medium", "low") if name in by_severity
    )
    number = counted(sum(by_severity.values()), "open findings")
    yield Signal("findings", f"The asset has {number}: {told}.", against=True)


def _factor(request: AccessRequest, now: datetime) -> Iterator[Signal]:
    principal = principal_of(request.beneficiary, None, now)
    name = request.beneficiary.name
    if principal.device == "failing":
        yield Signal("device", f"The device of {name} is known to break its rules.", against=True)
    elif principal.device == "compliant":
        yield Signal("device", f"The device of {name} complies.", against=False)
    if principal.kind != "User":
        return
    if principal.factor not in STRONG_FACTORS:
        word = {"weak": "only a weak second factor", "none": "no second factor"}.get(principal.factor)
        text = f"{name} has {word}." if word else f"Whether {name} has a second factor is not known."
        yield Signal("factor", text, against=True)
        return
    rows = Authenticator.objects.filter(user_id=request.beneficiary_id, type__in=FACTOR_TYPES)
    newest = rows.order_by("-created_at").values_list("created_at", flat=True).first()
    if newest is not None and now - newest < NEW_FACTOR and now >= newest:
        days = (now - newest).days
        yield Signal("factor", f"{name} registered a second factor {days} days ago.", against=True)
        return
    yield Signal("factor", f"{name} has a {_FACTOR_WORDS[principal.factor]} second factor.", against=False)


def _duties(conflicts: Sequence[DutyConflict], who: Who) -> Iterator[Signal]:
    if not conflicts:
        yield Signal("duties", f"{who.name} has no conflicting duty in this asset's lineage.", against=False)
    for conflict in conflicts:
        yield Signal("duties", conflict.sentence, against=True)


def _usual(request: AccessRequest, who: Who) -> Iterator[Signal]:
    """Whether people of the same job title hold this operation on this kind of asset, here or at a source."""
    if not who.job_title:
        return
    same = Person.objects.annotate(job=Lower("job_title")).filter(job=who.job_title.lower())
    peers = same.exclude(user_id=who.user_id).exclude(status=PersonStatus.LEFT)
    n = peers.count()
    if n < LEAST_PEERS:
        return
    ids = peers.values("pk")
    kind, operation = request.asset.kind, request.operation
    granted = Grant.objects.filter(operation=operation, asset__kind=kind, activated_at__isnull=False)
    seen = Entitlement.objects.filter(operation=operation, asset__kind=kind, gone_at__isnull=True)
    held: set[UUID | None] = set(granted.filter(holder__person__in=ids).values_list("holder__person", flat=True))
    held |= set(seen.filter(identity__person__in=ids).values_list("identity__person", flat=True))
    text = f"{len(held)} of {n} people who are {who.job_title} too had this operation."
    yield Signal("usual", text, against=not held)


def _personal(request: AccessRequest, lineage: Sequence[Related]) -> Iterator[Signal]:
    """Personal data in the asset or in what went into it; where nobody classified it, that is told."""
    if is_sensitive(request.asset.classification):
        yield Signal("data", f"The asset is classified “{request.asset.classification}”.", against=True)
        return
    data = [asset for asset in lineage if asset.feeds and asset.kind in _DATA]
    sensitive = [asset for asset in data if is_sensitive(asset.classification)]
    unknown = [asset for asset in data if not asset.classification]
    if sensitive:
        number = counted(len(sensitive), "data sources") if len(sensitive) > 1 else "A data source"
        verb = "hold" if len(sensitive) > 1 else "holds"
        yield Signal("data", f"{number} it came from {verb} “{sensitive[0].classification}” data.", against=True)
    elif unknown or (OPERATIONS[request.operation].reads_data and not request.asset.classification):
        yield Signal("data", "Whether personal data is in it is not known: nobody classified it.", against=True)
    elif data or request.asset.classification:
        yield Signal("data", "No personal data is known in it or in what it came from.", against=False)


def _irreversible(request: AccessRequest) -> Iterator[Signal]:
    if OPERATIONS[request.operation].irreversible:
        text = f"This cannot be taken back: {OPERATIONS[request.operation].consequence[0].lower()}"
        yield Signal("irreversible", f"{text}{OPERATIONS[request.operation].consequence[1:]}.", against=True)
    else:
        yield Signal("irreversible", "Ending the access ends what it allows.", against=False)
