"""Who may run, cancel, tune, re-check and work on findings, and who may not."""

from collections.abc import Callable

import pytest

from apps.core import clock
from apps.core.actor import Strength
from apps.core.errors import Forbidden, NotFound
from apps.posture.models import Finding, Result, Run
from apps.posture.queries.findings import FindingFilters, ResultFilters, finding_detail, finding_list, result_list
from apps.posture.services.findings import assign_owner, mark_fixed
from apps.posture.services.goals import set_due_days, set_schedule, set_targets
from apps.posture.services.previews import preview_parameters
from apps.posture.services.rechecks import recheck_subject
from apps.posture.services.runs import cancel_run, request_run
from apps.posture.services.versions import set_parameters
from tests.cast import Cast
from tests.factories import make_identity, make_person
from tests.posture.conftest import run_now
from tests.posture.scripted import TS_03

pytestmark = pytest.mark.django_db
EVERYONE = ("ciso", "security_admin", "manager", "owner", "engineer", "auditor", "service", "outsider")


@pytest.fixture
def finding(cast: Cast, checks: Callable[..., None]) -> Finding:
    """A finding about an identity of the owner, who is in the manager's team."""
    team = cast.teams["Model Engineering"]
    person = make_person(name="Priya Raman", user=cast.users["owner"], team=team)
    identity = make_identity(person=person, job_title="failing", email="met")
    run_now()
    Finding.objects.update(owner=person)
    return Finding.objects.get(subject_id=identity.pk)


def outcome(act: Callable[[], object]) -> str:
    """Return what became of an attempt."""
    try:
        act()
    except (Forbidden, NotFound) as refusal:
        return type(refusal).__name__
    return "done"


ADMIN_ONLY = {
    "request_run": lambda actor: request_run(actor=actor, inline=True, now=clock.now()),
    "set_parameters": lambda actor: set_parameters(actor=actor, check_id="TS-03", params={"days": 50}, now=clock.now()),
    "preview": lambda actor: preview_parameters(actor=actor, check_id="TS-03", params={"days": 50}, now=clock.now()),
    "set_schedule": lambda actor: set_schedule(actor=actor, interval_hours=12, now=clock.now()),
    "set_targets": lambda actor: set_targets(actor=actor, percents={"identity": 95}, now=clock.now()),
    "set_due_days": lambda actor: set_due_days(actor=actor, days={"high": 14}, now=clock.now()),
}


@pytest.mark.parametrize("name", EVERYONE)
@pytest.mark.parametrize("act", sorted(ADMIN_ONLY))
def test_only_security_admins_run_and_tune(cast: Cast, checks: Callable[..., None], name: str, act: str) -> None:
    """Everyone else is refused with a reason."""
    checks(TS_03)
    expected = "done" if name == "security_admin" else "Forbidden"
    assert outcome(lambda: ADMIN_ONLY[act](cast.actor(name))) == expected


@pytest.mark.parametrize("act", sorted(ADMIN_ONLY))
def test_without_a_second_factor_an_admin_changes_nothing(cast: Cast, checks: Callable[..., None], act: str) -> None:
    """A password alone does not."""
    checks(TS_03)
    actor = cast.actor("security_admin", Strength.PASSWORD)
    assert outcome(lambda: ADMIN_ONLY[act](actor)) == "Forbidden"


@pytest.mark.parametrize("name", EVERYONE)
def test_only_security_admins_cancel(cast: Cast, checks: Callable[..., None], name: str) -> None:
    """A run in progress."""
    run: Run = request_run(actor=cast.actor("security_admin"), inline=True, now=clock.now()).value
    expected = "done" if name == "security_admin" else "Forbidden"
    assert outcome(lambda: cancel_run(actor=cast.actor(name), number=run.pk, now=clock.now())) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("security_admin", "done"),
        ("ciso", "done"),
        ("owner", "done"),
        ("manager", "done"),
        ("auditor", "Forbidden"),
        ("service", "Forbidden"),
        ("engineer", "NotFound"),
        ("outsider", "NotFound"),
    ],
)
def test_who_sees_a_subject_asks_for_a_recheck(cast: Cast, finding: Finding, name: str, expected: str) -> None:
    """Who does not see it gets the answer of what is not there."""
    assert (
        outcome(
            lambda: recheck_subject(
                actor=cast.actor(name), check_id="TS-01", subject_id=finding.subject_id, now=clock.now()
            )
        )
        == expected
    )


WORKERS = [
    ("security_admin", "done"),
    ("owner", "done"),
    ("manager", "done"),
    ("ciso", "Forbidden"),
    ("auditor", "Forbidden"),
    ("service", "NotFound"),
    ("engineer", "NotFound"),
    ("outsider", "NotFound"),
]


@pytest.mark.parametrize(("name", "expected"), WORKERS)
def test_who_works_on_a_finding(cast: Cast, finding: Finding, name: str, expected: str) -> None:
    """Owner, manager of the owner's team, security admins."""
    actor = cast.actor(name)
    assert outcome(lambda: mark_fixed(actor=actor, number=finding.pk, now=clock.now())) == expected


@pytest.mark.parametrize(("name", "expected"), WORKERS)
def test_who_assigns_a_finding(cast: Cast, finding: Finding, name: str, expected: str) -> None:
    """The same."""
    actor, person = cast.actor(name), make_person()
    assert (
        outcome(lambda: assign_owner(actor=actor, number=finding.pk, person_id=person.pk, now=clock.now())) == expected
    )


@pytest.mark.parametrize("name", EVERYONE)
def test_lists_show_only_what_may_be_seen(cast: Cast, finding: Finding, name: str) -> None:
    """Findings and results of subjects one sees, absent for others in list and detail alike."""
    actor, now = cast.actor(name), clock.now()
    sees = name in ("ciso", "security_admin", "auditor", "owner", "manager")
    assert finding_list(actor, FindingFilters(), now.date()).count() == int(sees)
    assert result_list(actor, ResultFilters(check="TS-01")).count() == int(sees)
    assert (outcome(lambda: finding_detail(actor, finding.pk, now)) == "done") is sees
    assert Result.objects.visible_to(actor).exists() is sees
