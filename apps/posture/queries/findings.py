"""Findings and results: lists with filters, and one finding with its evidence as of now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from apps.core.actor import Actor
from apps.core.errors import Invalid, NotFound
from apps.governance.models import RiskException
from apps.governance.states import ReferenceKind
from apps.inventory.models import AssetObservation, Credential, Identity
from apps.inventory.queries.kept import kept
from apps.posture.models import CheckVersion, Finding, Result, Run
from apps.posture.models.finding import SEVERITY_ORDER
from apps.posture.queries.runs import last_published
from apps.posture.spec import CHECKS, CheckSpec
from apps.posture.states import REASON_LABELS, FindingState, Outcome, Pillar, Severity

#: What the list calls a finding that an exception stands for; the finding itself stays as it is.
ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class FindingFilters:
    """Filters of the list of findings; empty values do not filter. `late` is yes or no, `owner` a person or `none`."""

    severity: str = ""
    pillar: str = ""
    check: str = ""
    state: str = ""
    late: str = ""
    owner: str = ""
    tier: str = ""
    source: str = ""
    asset: str = ""
    subject: str = ""
    q: str = ""


def finding_list(actor: Actor, filters: FindingFilters, today: date) -> QuerySet[Finding]:
    """Return the findings this actor may see, worst and most overdue first, with owner and asset.

    Without a state, resolved ones are left out. Raises Invalid for a filter that cannot be.
    """
    rows: Any = Finding.objects.visible_to(actor).select_related("owner", "asset").annotate(rank=SEVERITY_ORDER)
    for name, apply in _FILTERS.items():
        value = getattr(filters, name)
        if value:
            rows = apply(rows, value, today)
    if not filters.state:
        rows = rows.exclude(state=FindingState.RESOLVED)
    found: QuerySet[Finding] = rows.order_by("rank", "due_on", "number")
    return found


def _of_choices(field: str, values: list[str]) -> Callable[[QuerySet[Finding], str, date], QuerySet[Finding]]:
    def apply(rows: QuerySet[Finding], value: str, today: date) -> QuerySet[Finding]:
        chosen = value.split(",")
        if not set(chosen) <= set(values):
            raise Invalid(f"{value} is not a {field} of findings.", **{field: f"Choose from {', '.join(values)}."})
        return rows.filter(**{f"{field}__in": chosen})

    return apply


def _severity(rows: QuerySet[Finding], value: str, today: date) -> QuerySet[Finding]:
    """Keep severities; their ranks are named too, because the index in the order of the list begins with the rank."""
    chosen: QuerySet[Any] = _of_choices("severity", Severity.values)(rows, value, today)
    return chosen.filter(rank__in=[Severity.values.index(severity) for severity in value.split(",")])


def _state(rows: QuerySet[Finding], value: str, today: date) -> QuerySet[Finding]:
    """Keep findings of these states; *accepted* are the unresolved ones with an exception in force today."""
    chosen = value.split(",")
    if not set(chosen) <= {*FindingState.values, ACCEPTED}:
        known = ", ".join([*FindingState.values, ACCEPTED])
        raise Invalid(f"{value} is not a state of findings.", state=f"Choose from {known}.")
    wanted = Q(state__in=chosen)
    if ACCEPTED in chosen:
        # People sign these one by one, so there are few.
        keys = RiskException.objects.in_force(today).filter(kind=ReferenceKind.FINDING).values_list("key", flat=True)
        wanted |= Q(pk__in=[int(key) for key in keys]) & ~Q(state=FindingState.RESOLVED)
    return rows.filter(wanted)


def _late(rows: QuerySet[Finding], value: str, today: date) -> QuerySet[Finding]:
    late = Q(due_on__lt=today) & ~Q(state=FindingState.RESOLVED)
    return rows.filter(late) if value == "yes" else rows.exclude(late)


def _owner(rows: QuerySet[Finding], value: str, today: date) -> QuerySet[Finding]:
    return rows.filter(owner__isnull=True) if value == "none" else rows.filter(owner_id=_uuid(value, "owner"))


def _tier(rows: QuerySet[Finding], value: str, today: date) -> QuerySet[Finding]:
    if value == "none":
        return rows.filter(asset__tier__isnull=True)
    if value not in ("1", "2", "3"):
        raise Invalid("A tier is 1, 2, 3 or none.", tier="Choose 1, 2, 3 or none.")
    return rows.filter(asset__tier=int(value))


def _source(rows: QuerySet[Finding], value: str, today: date) -> QuerySet[Finding]:
    source = _uuid(value, "source")
    identities = Identity.objects.filter(pk=OuterRef("subject_id"), source_id=source)
    credentials = Credential.objects.filter(pk=OuterRef("subject_id"), source_id=source)
    assets = AssetObservation.objects.filter(asset_id=OuterRef("subject_id"), source_id=source)
    return rows.filter(Exists(identities) | Exists(credentials) | Exists(assets) | Q(subject_id=source))


def _asset(rows: QuerySet[Finding], value: str, today: date) -> QuerySet[Finding]:
    asset = _uuid(value, "asset")
    return rows.filter(Q(asset_id=asset) | Q(asset__parent_id=asset))


def _subject(rows: QuerySet[Finding], value: str, today: date) -> QuerySet[Finding]:
    return rows.filter(subject_id=_uuid(value, "subject"))


def _search(rows: QuerySet[Finding], value: str, today: date) -> QuerySet[Finding]:
    number = value.upper().removeprefix("F-")
    found = Q(subject_label__icontains=value[:200]) | Q(check_id__iexact=value)
    return rows.filter(found | Q(pk=int(number)) if number.isdecimal() and len(number) < 18 else found)


def _uuid(value: str, name: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise Invalid(f"{name} is not an id.", **{name: "This is not an id."}) from None


_FILTERS: Mapping[str, Callable[[QuerySet[Finding], str, date], QuerySet[Finding]]] = {
    "severity": _severity,
    "pillar": _of_choices("pillar", Pillar.values),
    "state": _state,
    "check": lambda rows, value, today: rows.filter(check_id=value),
    "late": _late,
    "owner": _owner,
    "tier": _tier,
    "source": _source,
    "asset": _asset,
    "subject": _subject,
    "q": _search,
}


def findings_of_subjects(actor: Actor, subject_ids: Any) -> QuerySet[Finding]:
    """Return the unresolved findings about subjects (ids, or a subquery of ids) that this actor may see."""
    rows = Finding.objects.visible_to(actor).unresolved().filter(subject_id__in=subject_ids)
    return rows.select_related("owner").annotate(rank=SEVERITY_ORDER).order_by("rank", "due_on", "number")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the check sees about a subject at this moment; outcome is empty where it is out of scope or fails to run."""

    outcome: str = ""
    reason: str = ""
    reason_label: str = ""
    evidence: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class FindingDetail:
    """A finding with its check, the span it stands on, what is seen now, its siblings and its timeline."""

    finding: Finding
    spec: CheckSpec | None
    result: Result | None
    version: CheckVersion | None
    seen: Seen
    siblings: int
    run: Run | None


def finding_detail(actor: Actor, number: int, now: datetime) -> FindingDetail:
    """Return one finding; seven queries. Raises NotFound when the actor does not see it."""
    rows = Finding.objects.visible_to(actor).select_related("owner", "asset").prefetch_related("events")
    finding = rows.filter(pk=number).first()
    if finding is None:
        raise NotFound(f"There is no finding F-{number}.")
    run = Run.objects.published().order_by("-number").first()
    spans = Result.objects.at(run.pk if run else 0).filter(check_id=finding.check_id, subject_id=finding.subject_id)
    result = spans.select_related("version").first()
    spec = CHECKS.get(finding.check_id)
    version = result.version if result else None
    seen = see(spec, version, finding.subject_id, now) if spec else Seen()
    siblings = Finding.objects.visible_to(actor).unresolved().filter(check_id=finding.check_id).exclude(pk=number)
    return FindingDetail(finding, spec, result, version, seen, siblings.count(), run)


def see(spec: CheckSpec, version: CheckVersion | None, subject_id: UUID, now: datetime) -> Seen:
    """Evaluate a check for one subject without keeping anything; one query."""
    params = version.params if version else spec.defaults()
    rows = spec.evaluated(params, now, subject_id=subject_id).values_list("outcome", "reason", "evidence")
    row = next(iter(rows.order_by()[:1]), None)
    if row is None:
        return Seen()
    return Seen(row[0], row[1], reason_label(spec, row[1]), row[2])


def reason_label(spec: CheckSpec | None, reason: str) -> str:
    """Return a reason in words."""
    own = spec.reasons.get(reason) if spec else None
    return own or REASON_LABELS.get(reason, reason)  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class ResultFilters:
    """Filters of the list of results; empty values do not filter. `run` is the run as of which to read."""

    pillar: str = ""
    check: str = ""
    kind: str = ""
    outcome: str = ""
    reason: str = ""
    subject: str = ""
    run: str = ""


def result_list(actor: Actor, filters: ResultFilters) -> QuerySet[Result]:
    """Return the results this actor may see as of the last published run, or of the one named. Raises Invalid."""
    published = Run.objects.published().order_by("-number")
    if filters.run:
        if not filters.run.isdecimal():
            raise Invalid("A run is named by its number.", run="Give a number.")
        published = published.filter(pk=int(filters.run))
    run = published.first()
    rows = Result.objects.at(run.pk).visible_to(actor) if run else Result.objects.none()
    if filters.pillar:
        rows = rows.filter(check_id__in=[spec.id for spec in CHECKS if spec.pillar == filters.pillar])
    plain = {"check": "check_id", "kind": "subject_kind", "outcome": "outcome", "reason": "reason"}
    for name, field in plain.items():
        value = getattr(filters, name)
        if value == "applicable" and name == "outcome":
            rows = rows.exclude(outcome=Outcome.NOT_APPLICABLE)
        elif value:
            rows = rows.filter(**{field: value})
    if filters.subject:
        rows = rows.filter(subject_id=_uuid(filters.subject, "subject"))
    return rows.select_related("version").order_by("pk")


def finding_counts(actor: Actor) -> dict[str, int]:
    """Return the unresolved findings this actor may see, by severity; one query.

    Only runs open and resolve findings, so that who sees all reads what the last one left; for others they are counted.
    """
    run = last_published() if actor.sees_all else None
    if run is not None:
        found = {severity: pair[1] for severity, pair in run.open_findings.items()}
    else:
        rows = Finding.objects.visible_to(actor).unresolved().values_list("severity").annotate(n=Count("*"))
        found = dict(rows.order_by())
    return {str(severity): found.get(severity, 0) for severity in Severity.values}


def finding_owners(actor: Actor, limit: int) -> list[tuple[UUID, str]]:
    """Return (id, name) of those who see to unresolved findings that the actor may see; two queries, or one if kept."""
    mine = Finding.objects.visible_to(actor).unresolved().filter(owner__isnull=False)
    named = mine.order_by("owner__name").values_list("owner_id", "owner__name").distinct()
    return kept(actor, f"finding-owners:{limit}", ("posture.", "inventory."), lambda: list(named[:limit]))
