"""Accepted risk: the failures that an exception in force covers show as accepted, by one set-based step in each run.

No check says it. A span turns from failing to accepted when an exception covers it, and back when none does; both
stay in every denominator, and neither is met.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When

from apps.core.actor import system
from apps.core.sql import insert_from, temp_table
from apps.governance.models import RiskException
from apps.governance.services.ending import end_unfounded
from apps.posture.models import Result, Run, RunTask, Turned
from apps.posture.states import Outcome

ACTOR = system("posture")
COPIED = ("check_id", "version", "subject_kind", "subject_id", "subject_label", "reason", "evidence")
TURNED = Case(
    When(outcome=Outcome.FAILING, then=Value(str(Outcome.ACCEPTED))),
    default=Value(str(Outcome.FAILING)),
    output_field=CharField(),
)


def to_turn(run: Run | None, today: date) -> QuerySet[Result]:
    """Return the standing spans that an exception covers and that fail, and those accepted that none covers.

    Of the checks that the run judged (one subject of it where it is partial); of all without a run.
    """
    in_force = RiskException.objects.in_force(today)
    # From the few that are covered to their spans, by the index over open spans, and from the few that are accepted.
    pairs = in_force.exclude(covers_check="").values("covers_id")
    covering = Exists(in_force.filter(covers_check=OuterRef("check_id"), covers_id=OuterRef("subject_id")))
    standing = Result.objects.filter(to_run__isnull=True)
    if run is not None and run.judges:
        standing = standing.filter(check_id__in=list(run.tasks.values_list("check_id", flat=True)))
    if run is not None and run.subject_id is not None:
        standing = standing.filter(subject_id=run.subject_id)
    begin = standing.filter(covering, outcome=Outcome.FAILING, subject_id__in=pairs)
    end = standing.filter(~covering, outcome=Outcome.ACCEPTED)
    return standing.filter(Q(pk__in=begin.values("pk")) | Q(pk__in=end.values("pk")))


def settle(run: Run, now: datetime) -> int:
    """End exceptions that no longer hold, turn what is covered and what no longer is; return how many results did.

    Call it in the transaction that publishes the run, once its findings have moved: what a run sees fixed ends its
    exception, and a compensating check that it does not see met ends the one that leans on it.
    """
    today = run.as_of.date()
    end_unfounded(actor=ACTOR, now=now, today=today)
    rows = to_turn(run, today)
    with temp_table(Turned._meta.db_table, rows, {"span": "pk", "outcome": TURNED}, indexes=[["span"]]):
        return _turn(run)


def _turn(run: Run) -> int:
    """Write spans of this run anew in place; close older ones and open their successors."""
    spans = Result.objects.filter(pk__in=Turned.objects.values("span"))
    to = Turned.objects.filter(span=OuterRef("pk")).values("outcome")[:1]
    before = spans.filter(from_run__lt=run.pk)
    closed = before.update(to_run=run.pk)
    columns: dict[str, Any] = {name: name for name in COPIED}
    columns |= {"outcome": TURNED, "from_run": Value(run.pk), "to_run": Value(None)}
    if closed:
        insert_from(Result, columns, before.filter(to_run=run.pk))
    return closed + spans.filter(from_run=run.pk).update(outcome=to)


def accepted_now(check_ids: Iterable[str]) -> dict[str, Counter[str]]:
    """Return how many results of each check are accepted, by reason; one query over the few that are."""
    rows = Result.objects.filter(check_id__in=list(check_ids), outcome=Outcome.ACCEPTED, to_run__isnull=True)
    found: dict[str, Counter[str]] = {}
    for check_id, reason, n in rows.values_list("check_id", "reason").annotate(n=Count("*")).order_by():
        found.setdefault(check_id, Counter())[reason] = n
    return found


def with_accepted(counts: Counter[tuple[str, str]], accepted: Counter[str]) -> Counter[tuple[str, str]]:
    """Return counts by (outcome, reason) in which of the failures as many are accepted as `accepted` says."""
    told: Counter[tuple[str, str]] = Counter()
    for (outcome, reason), n in counts.items():
        told[(str(Outcome.FAILING) if outcome == Outcome.ACCEPTED else outcome, reason)] += n
    for reason, n in accepted.items():
        told[(str(Outcome.FAILING), reason)] -= n
        told[(str(Outcome.ACCEPTED), reason)] += n
    return told


def note_accepted(run: Run, accepted: dict[str, Counter[str]]) -> None:
    """Move what is accepted from failing in the counts of the run's tasks."""
    if run.partial:
        return
    for check_id, reasons in accepted.items():
        n = reasons.total()
        RunTask.objects.filter(run=run, check_id=check_id).update(accepted=n, failing=F("failing") - n)
