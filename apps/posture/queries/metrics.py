"""The metrics of posture: each a check's share, from the rollup of a run."""

from collections.abc import Callable

from apps.core.metrics import Metric, Ratio
from apps.posture.models import Run
from apps.posture.queries.headline import headline, total_of
from apps.posture.queries.links import results_url
from apps.posture.queries.runs import last_published
from apps.posture.states import Outcome


def _run(run: Run | None) -> Run | None:
    return run or last_published()


def _share(check_id: str, outcome: str) -> Callable[[Run | None], Ratio]:
    def compute(run: Run | None) -> Ratio:
        tally = total_of(_run(run), check_id)
        return Ratio(getattr(tally, str(outcome)), tally.applicable)

    return compute


def _proven(run: Run | None) -> Ratio:
    return headline(_run(run)).ratio


def _accepted(run: Run | None) -> Ratio:
    tally = headline(_run(run))
    return Ratio(tally.accepted, tally.applicable)


def _link(**filters: str) -> Callable[[Run | None], str]:
    return lambda run: results_url(**filters, run=run.pk if run else "")


PROVEN = Metric(
    key="proven",
    title="Proven posture",
    compute=_proven,
    numerator="results that are met",
    denominator="results that apply",
    url=_link(outcome=Outcome.MET),
    target=80,
    how="The headline, without weights. Not evaluated and accepted results count against it.",
    tile=False,
)
MFA_COVERAGE = Metric(
    key="mfa_coverage",
    title="Second-factor coverage",
    compute=_share("ID-01", Outcome.MET),
    numerator="people with a second factor",
    denominator="people with AI access who can sign in with a password",
    url=_link(check="ID-01", outcome=Outcome.MET),
    target=100,
    how="What check ID-01 finds; a weak factor counts as one.",
)
STALE_ACCESS = Metric(
    key="stale_access",
    title="Stale access",
    compute=_share("ID-04", Outcome.FAILING),
    numerator="identities that keep AI access without signing in",
    denominator="identities with AI access",
    url=_link(check="ID-04", outcome=Outcome.FAILING),
    target=0,
    better="down",
    how="What check ID-04 finds, with the days that are set there.",
)
UNSIGNED_MODELS = Metric(
    key="unsigned_models",
    title="Unsigned models",
    compute=_share("MD-01", Outcome.FAILING),
    numerator="deployed model versions without a trusted signature",
    denominator="deployed model versions",
    url=_link(check="MD-01", outcome=Outcome.FAILING),
    target=0,
    better="down",
    how="What check MD-01 finds: no signature, one that is not valid, or one of a key that nobody trusts.",
)
ACCEPTED_RISK = Metric(
    key="accepted_risk",
    title="Accepted risk",
    compute=_accepted,
    numerator="results that an exception covers",
    denominator="results that apply",
    url=_link(outcome=Outcome.ACCEPTED),
    better="down",
    how="Failing results under an exception in force. They stay in every denominator and never count as met.",
    tile=False,
)
POSTURE_METRICS = (PROVEN, MFA_COVERAGE, STALE_ACCESS, UNSIGNED_MODELS, ACCEPTED_RISK)
