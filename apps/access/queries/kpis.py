"""The metrics of access: each a number with what it is a part of, as of a run, from rollups, requests and grants.

A number over a period looks back from the run's moment; requests and grants are judged as they were then, so a snapshot
may be taken later. Query budget: at most three per metric.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Case, DateTimeField, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, Least

from apps.access.models import AccessRequest, BreakGlass, Grant
from apps.access.provisioning.registry import PORTAL
from apps.access.queries.duties import in_conflict
from apps.access.queries.metrics import PERIOD_DAYS, PRIVILEGED, at_share
from apps.access.states import RequestState
from apps.core.metrics import COUNT, MINUTES, Metric, Ratio
from apps.posture.models import Run
from apps.posture.queries.headline import total_of
from apps.posture.queries.links import results_url
from apps.posture.queries.runs import last_published
from apps.posture.states import Outcome

PERIOD = timedelta(days=PERIOD_DAYS)
#: The just-in-time line counts who was granted something in the week that a point stands for.
WEEK = timedelta(days=7)
EMERGENCIES = timedelta(days=90)
NOTHING = Ratio(0, 0, told=False)
Compute = Callable[[Run | None], Ratio]


def _as_of(read: Callable[[datetime], Ratio]) -> Compute:
    """Return `read` at the moment of a run, of the last one for None; nothing is known without any run."""

    def compute(run: Run | None) -> Ratio:
        run = run or last_published()
        return NOTHING if run is None else read(run.as_of)

    return compute


def _of_check(check_id: str) -> Compute:
    """Return the failing part of a check's results; nothing is known before a run has asked."""

    def compute(run: Run | None) -> Ratio:
        tally = total_of(run or last_published(), check_id)
        return NOTHING if tally.empty else Ratio(tally.failing, tally.applicable)

    return compute


def _failing(check_id: str) -> Callable[[Run | None], str]:
    return lambda run: results_url(check=check_id, outcome=Outcome.FAILING, run=run.pk if run else "")


def given_between(since: datetime, until: datetime) -> QuerySet[Grant]:
    """Return the grants that were live at some time after `since` and up to `until`."""
    return Grant.objects.filter(activated_at__lte=until, expires_at__gt=since).filter(
        Q(ending_at__isnull=True) | Q(ending_at__gt=since)
    )


def live_at(at: datetime) -> QuerySet[Grant]:
    """Return the grants that were live at a moment; half-open, as everywhere."""
    return Grant.objects.filter(activated_at__lte=at, expires_at__gt=at).filter(
        Q(ending_at__isnull=True) | Q(ending_at__gt=at)
    )


def just_in_time(at: datetime) -> Ratio:
    """Return how many people held privileged access for a time in the week before, of those who held any so."""
    given = given_between(at - WEEK, at)
    people = given.filter(operation__in=PRIVILEGED).values("holder_id").distinct().count()
    return Ratio(people, given.values("holder_id").distinct().count())


def _decided(at: datetime) -> QuerySet[AccessRequest]:
    return AccessRequest.objects.filter(decided_at__gt=at - PERIOD, decided_at__lte=at)


def _minutes_to_decision(share: int) -> Callable[[datetime], Ratio]:
    """Return minutes from request to decision, where people were asked and said yes or no; refusals count too."""

    def read(at: datetime) -> Ratio:
        waited = ExpressionWrapper(F("decided_at") - F("created_at"), output_field=DurationField())
        asked = _decided(at).filter(state__in=[RequestState.APPROVED, RequestState.DENIED]).exclude(route=[])
        times = list(asked.annotate(waited=waited).order_by("waited").values_list("waited", flat=True))
        if not times:
            return NOTHING
        seconds = at_share([int(time.total_seconds()) for time in times], share)
        return Ratio(-(-seconds // 60), len(times))

    return read


def automatic(at: datetime) -> Ratio:
    """Return how many requests of the period the portal approved without asking anybody, of all approved."""
    approved = _decided(at).filter(state=RequestState.APPROVED)
    return Ratio(approved.filter(route=[]).count(), approved.count())


def residual(at: datetime) -> Ratio:
    """Return the minutes for which access stood at its target after its end, and how many grants ended in the period.

    At the portal's own decision point access is over at its very end, whenever the reconciler comes round.
    """
    ends = Least(Coalesce("expires_at", "ending_at"), Coalesce("ending_at", "expires_at"))
    over = Grant.objects.filter(activated_at__isnull=False).alias(over_at=ends)
    over = over.filter(over_at__gt=at - PERIOD, over_at__lte=at)
    gone = Case(When(ended_at__lte=at, then=F("ended_at")), default=Value(at), output_field=DateTimeField())
    stood = ExpressionWrapper(gone - ends, output_field=DurationField())
    total = over.exclude(binding__provisioner=PORTAL).aggregate(total=Sum(stood))["total"]
    minutes = -(-int(total.total_seconds()) // 60) if total else 0
    return Ratio(minutes, over.count())


def conflicts(at: datetime) -> Ratio:
    """Return how many live grants give what its holder may not have beside what they hold already, of all live."""
    live = live_at(at)
    return Ratio(in_conflict(live, live, at).count(), live.count())


def open_reviews(at: datetime) -> Ratio:
    """Return the uses of emergency access whose review was open, of those of 90 days and those still open."""
    used = BreakGlass.objects.filter(at__lte=at)
    waiting = Q(after_review__decided_at__isnull=True) | Q(after_review__decided_at__gt=at)
    return Ratio(used.filter(waiting).count(), used.filter(waiting | Q(at__gt=at - EMERGENCIES)).count())


STANDING = Metric(
    key="standing_privileged",
    title="Standing privileged access",
    compute=_of_check("ID-06"),
    numerator="accounts that hold privileged access without an end",
    denominator="accounts with privileged access that reaches AI",
    url=_failing("ID-06"),
    unit=COUNT,
    target=0,
    better="down",
    how="What sources show: permissions on assets and servers, and the privileged roles of a directory that does not "
    "tell AI access apart. Accounts of which nobody tells whether their access is privileged are in the second number.",
)
JUST_IN_TIME = Metric(
    key="privileged_just_in_time",
    title="Privileged access for a time",
    compute=_as_of(just_in_time),
    numerator="people who held privileged access for a time within 7 days",
    denominator="people who held any access for a time within those days",
    unit=COUNT,
    how="Grants of this portal that were live at some time in the 7 days before the run.",
    tile=False,
)
DECISION_MEDIAN = Metric(
    key="decision_median",
    title="Time to decision, half",
    compute=_as_of(_minutes_to_decision(50)),
    numerator="minutes within which half of the requests were decided",
    denominator="requests that people approved or refused within 30 days",
    unit=MINUTES,
    better="down",
    how="From the request to the last vote, in whole minutes, rounded up. What the portal decides by itself, and what "
    "was withdrawn or not answered, is not in it.",
    tile=False,
)
DECISION_NINTH = Metric(
    key="decision_p90",
    title="Time to decision, nine in ten",
    compute=_as_of(_minutes_to_decision(90)),
    numerator="minutes within which nine in ten requests were decided",
    denominator="requests that people approved or refused within 30 days",
    unit=MINUTES,
    better="down",
    how="As above; nearest rank, so it is the time of one real request.",
    tile=False,
)
AUTOMATIC = Metric(
    key="approved_automatically",
    title="Approved automatically",
    compute=_as_of(automatic),
    numerator="requests that the portal approved without asking anybody",
    denominator="requests approved within 30 days",
    how="The access policies let them through. There is no target: it depends on what is asked for.",
    tile=False,
)
RESIDUAL = Metric(
    key="residual_access",
    title="Residual access",
    compute=_as_of(residual),
    numerator="minutes for which access stood at its target after its end",
    denominator="grants whose time ended within 30 days",
    unit=MINUTES,
    target=0,
    better="down",
    how="From the end of a grant until its target was seen without it, all grants added up, rounded up; until the run "
    "where it was not seen gone yet. What this portal itself decides about is over at its very end.",
    tile=False,
)
UNUSED = Metric(
    key="unused_access",
    title="Unused access",
    compute=_of_check("ID-03"),
    numerator="accounts whose access was not used within the allowed days",
    denominator="accounts with access that reaches AI",
    url=_failing("ID-03"),
    target=0,
    better="down",
    how="Accounts of which no source tells the use are in the second number only. The portal does not record each use "
    "of its own grants; they end within hours.",
    tile=False,
)
CONFLICTS = Metric(
    key="duty_conflicts",
    title="Open duty conflicts",
    compute=_as_of(conflicts),
    numerator="live grants beside which their holder holds what duties forbid",
    denominator="grants that are live at the run",
    unit=COUNT,
    target=0,
    better="down",
    how="Towards the same asset: another live grant, or access that a source shows. What somebody did earlier, and the "
    "lineage of the asset, is judged when access is asked for and given.",
    tile=False,
)
OPEN_REVIEWS = Metric(
    key="emergency_reviews_open",
    title="Emergency reviews open",
    compute=_as_of(open_reviews),
    numerator="uses of emergency access that are not reviewed yet",
    denominator="uses of emergency access within 90 days, and those still open",
    unit=COUNT,
    target=0,
    better="down",
    how="Drills count too: they are reviewed like any other use.",
    tile=False,
)
ACCESS_METRICS = (
    STANDING,
    JUST_IN_TIME,
    DECISION_MEDIAN,
    DECISION_NINTH,
    AUTOMATIC,
    RESIDUAL,
    UNUSED,
    CONFLICTS,
    OPEN_REVIEWS,
)
