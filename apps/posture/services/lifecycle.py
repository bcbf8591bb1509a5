"""What a run does to findings: opened, reopened, resolved, by set difference over the spans that the run changed.

Nobody sets a finding resolved. It resolves when a run sees its check met, or no longer applicable, or its subject gone;
where the subject is only no longer evaluated the finding stays, for unknown is not met.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import (
    Case,
    DateField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)

from apps.core.sql import insert_from
from apps.inventory.models import Asset
from apps.posture.models import Finding, FindingEvent, Result, Run
from apps.posture.queries.settings import due_days
from apps.posture.services.spans import refresh_statistics
from apps.posture.spec import CheckSpec
from apps.posture.states import FindingChange, FindingState, Outcome


def move_findings(run: Run, specs: Sequence[CheckSpec]) -> Counter[str]:
    """Open, reopen and resolve the findings of the run's checks, in a transaction; return how many of each change."""
    counts: Counter[str] = Counter()
    for spec in specs:
        findings = Finding.objects.filter(check_id=spec.id)
        if run.subject_id:
            findings = findings.filter(subject_id=run.subject_id)
        for change, rows, fields in _moves(run, findings):
            counts[change] += _move(run, change, rows, fields)
        counts[FindingChange.OPENED] += _open_new(run, spec)
        findings.exclude(severity=spec.severity, pillar=spec.pillar).update(severity=spec.severity, pillar=spec.pillar)
    refresh_statistics(Finding, counts[FindingChange.OPENED])
    _note(run, FindingChange.OPENED, Finding.objects.filter(opened_run=run.pk, reopened=0))
    _name_owners()
    return counts


def _name_owners() -> None:
    """Give open findings that nobody sees to the confirmed owner of their asset, who was perhaps confirmed later."""
    confirmed = {"owner__isnull": False, "owner_confirmed_at__isnull": False}
    asset = Asset.objects.filter(pk=OuterRef("asset_id"), **confirmed)
    unowned = Finding.objects.unresolved().filter(Exists(asset), owner__isnull=True)
    unowned.update(owner=Subquery(asset.values("owner")[:1]))


def _moves(run: Run, findings: QuerySet[Finding]) -> Iterator[tuple[str, QuerySet[Finding], dict[str, Any]]]:
    """Yield each change with the findings it happens to and the columns it sets; the changes exclude each other.

    A finding that somebody marked fixed after the run's moment stays so: this run could not have seen the fix.
    """
    span = Result.objects.filter(check_id=OuterRef("check_id"), subject_id=OuterRef("subject_id"))
    new, now = span.filter(from_run=run.pk), span.filter(to_run__isnull=True)
    unresolved = findings.exclude(state=FindingState.RESOLVED)
    resolved = {"state": FindingState.RESOLVED, "resolved_at": run.as_of}
    yield FindingChange.RESOLVED, unresolved.filter(Exists(new.filter(outcome=Outcome.MET))), resolved
    inapplicable = unresolved.filter(Exists(new.filter(outcome=Outcome.NOT_APPLICABLE)))
    yield FindingChange.NOT_APPLICABLE, inapplicable, resolved
    yield FindingChange.GONE, unresolved.filter(Exists(span.filter(to_run=run.pk)), ~Exists(now)), resolved
    failing = now.filter(outcome__in=[Outcome.FAILING, Outcome.ACCEPTED])
    unproven = findings.filter(Exists(failing), state=FindingState.AWAITING_PROOF, fixed_at__lte=run.as_of)
    yield FindingChange.STILL_FAILING, unproven, {"state": FindingState.OPEN, "fixed_at": None}
    again = findings.filter(Exists(new.filter(outcome=Outcome.FAILING)), state=FindingState.RESOLVED)
    yield (
        FindingChange.REOPENED,
        again,
        {
            "state": FindingState.OPEN,
            "opened_at": run.as_of,
            "opened_run": run.pk,
            "due_on": _due_on(run),
            "fixed_at": None,
            "resolved_at": None,
            "reopened": F("reopened") + 1,
            "subject_label": Subquery(failing.values("subject_label")[:1]),
        },
    )


def _move(run: Run, change: str, rows: QuerySet[Finding], fields: dict[str, Any]) -> int:
    """Write the timeline, then move the rows."""
    return rows.update(**fields) if _note(run, change, rows) else 0


def _note(run: Run, change: str, rows: QuerySet[Finding]) -> int:
    columns: dict[str, Any] = {
        "finding": "pk",
        "at": Value(run.as_of, output_field=DateTimeField()),
        "change": Value(str(change)),
        "run_number": Value(run.pk),
        "actor": Value(""),
        "note": Value(""),
    }
    return insert_from(FindingEvent, columns, rows)


def _due_on(run: Run) -> Case:
    """Return the due date by severity."""
    days = due_days()
    due = {
        severity: Value(run.as_of.date() + timedelta(days=n) if n else None, output_field=DateField())
        for severity, n in days.items()
    }
    whens = [When(severity=severity, then=value) for severity, value in due.items()]
    return Case(*whens, output_field=DateField())


def _open_new(run: Run, spec: CheckSpec) -> int:
    same = {"subject_kind": OuterRef("subject_kind"), "subject_id": OuterRef("subject_id")}
    known = Finding.objects.filter(check_id=spec.id, **same)
    spans = Result.objects.filter(check_id=spec.id, to_run__isnull=True, outcome=Outcome.FAILING, from_run=run.pk)
    days = due_days()[spec.severity]
    asset = Asset.objects.filter(pk=OuterRef("subject_id"))
    is_asset = spec.subject_kind == "asset"
    columns: dict[str, Any] = {
        "check_id": "check_id",
        "subject_kind": "subject_kind",
        "subject_id": "subject_id",
        "subject_label": "subject_label",
        "severity": Value(str(spec.severity)),
        "pillar": Value(str(spec.pillar)),
        "state": Value(str(FindingState.OPEN)),
        "opened_at": Value(run.as_of, output_field=DateTimeField()),
        "opened_run": Value(run.pk),
        "due_on": Value(run.as_of.date() + timedelta(days=days) if days else None, output_field=DateField()),
        "reopened": Value(0),
        "asset": "subject_id" if is_asset else Value(None),
        "owner": Subquery(asset.values("owner")[:1]) if is_asset else Value(None),
    }
    return insert_from(Finding, columns, spans.filter(~Exists(known)), order="subject_id")
