"""How answers come about: forbid wins, errors and absence are a no, and nothing but the texts is kept."""

import logging
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.access.models import PolicyVersion
from apps.access.policies import Ctx, Question, evaluate, evaluate_many
from apps.access.policies.language import default_texts, digest_of
from apps.governance.operations import OPERATIONS
from apps.governance.tiers import request_tier
from tests.access.policies.asked import AT, answer, in_force, policy, principal, resource

ALL = policy("permit (principal, action, resource);", "All may")
WHO = st.builds(
    principal,
    st.sampled_from(["User", "ServiceAccount", "Agent"]),
    roles=st.frozensets(st.sampled_from(["engineer", "manager", "ciso", "auditor", "service"])),
    guest=st.booleans(),
    factor=st.sampled_from(["phishing_resistant", "strong", "weak", "none", "unknown"]),
    factor_minutes=st.none() | st.integers(0, 10_000),
    device=st.sampled_from(["compliant", "failing", "unknown"]),
)
WHAT = st.builds(
    resource,
    st.integers(1, 3),
    signed=st.sampled_from(["yes", "no", "unknown", "not_applicable"]),
    critical_findings=st.integers(0, 3),
    sensitive=st.booleans(),
)
HOW = st.builds(Ctx, st.integers(1, 3000), st.sampled_from(["page", "api", "authzen"]), st.booleans())
QUESTIONS = st.builds(Question, WHO, st.sampled_from(sorted(OPERATIONS)), WHAT, HOW, st.just(AT))
CONDITIONS = st.sampled_from(
    [
        "true",
        "principal.guest",
        "context.minutes > 100",
        'resource.signed != "yes"',
        "principal has factor_minutes && principal.factor_minutes > 60",
        'principal.roles.contains("engineer")',
        "context.tier == 1 || context.emergency",
        "context.weekday > 5 || context.hour < 6",
    ]
)


@settings(max_examples=150, deadline=None)
@given(QUESTIONS, CONDITIONS)
def test_another_forbid_never_allows_more(question: Question, condition: str) -> None:
    """Whatever the set and the question."""
    more = {**default_texts(), "more": policy(f"forbid (principal, action, resource) when {{ {condition} }};")}
    before = evaluate_many([question], version=in_force())[0]
    after = evaluate_many([question], version=in_force(more))[0]
    assert before.allowed or not after.allowed


@settings(max_examples=60, deadline=None)
@given(QUESTIONS)
def test_forbid_wins_and_nothing_allows_nothing(question: Question) -> None:
    texts = {"all": ALL, "none": policy("forbid (principal, action, resource);", "None may")}
    said = evaluate_many([question], version=in_force(texts))[0]
    assert (said.allowed, said.policy_ids, said.reasons) == (False, ("none",), ("None may",))
    assert evaluate_many([question], version=in_force({"all": ALL}))[0].allowed
    assert evaluate_many([question], version=in_force({}))[0].reasons == ("No policy allows this",)


@settings(max_examples=30, deadline=None)
@given(st.lists(QUESTIONS, max_size=8))
def test_many_are_answered_as_one_by_one(questions: list[Question]) -> None:
    """In their order, also where one principal or asset appears with different facts."""
    version = in_force()
    alone = [evaluate_many([question], version=version)[0] for question in questions]
    assert evaluate_many(questions, version=version) == alone


@pytest.mark.parametrize(
    "broken",
    [
        {"operation": "data.erase"},
        {"resource": resource(tier="one")},  # type: ignore[arg-type]
        {"principal": principal("Robot")},
        {"context": Ctx(minutes="long")},  # type: ignore[arg-type]
        {"context": Ctx(minutes=2**70)},
    ],
)
def test_what_cannot_be_evaluated_is_a_no_and_logged(broken: dict[str, Any], caplog: Any) -> None:
    asked: dict[str, Any] = {
        "principal": principal(),
        "operation": "eval.run",
        "resource": resource(),
        "context": Ctx(),
    }
    with caplog.at_level(logging.ERROR):
        said = evaluate(**{**asked, **broken}, now=AT, version=in_force({"all": ALL}))
    assert not said.allowed and not said.requestable and "could not be evaluated" in said.reasons[0]
    assert caplog.records


def test_a_forbid_that_fails_lets_nobody_in(caplog: Any) -> None:
    """Cedar skips a policy whose condition fails; here such an answer is a no."""
    texts = {
        "all": ALL,
        "broken": policy("forbid (principal, action, resource) when { principal.factor_minutes > 5 };"),
    }
    assert not answer("eval.run", texts=texts).allowed
    assert answer("eval.run", principal(factor_minutes=3), texts=texts).allowed


def test_one_bad_question_does_not_decide_the_others() -> None:
    good = Question(principal(), "eval.run", resource(), Ctx(), AT)
    bad = Question(principal(), "data.erase", resource(), Ctx(), AT)
    assert [said.allowed for said in evaluate_many([good, bad, good], version=in_force())] == [True, False, True]


def test_tier_age_hour_and_day_are_told() -> None:
    """The stricter tier, minutes since the proof, and UTC time reach the policies."""
    assert request_tier(OPERATIONS["eval.run"].tier, 2) == 2
    for condition, facts in (
        ("context.tier == 2", {"what": resource(2)}),
        ("context.hour == 9 && context.weekday == 5", {}),
        ("principal has factor_minutes && principal.factor_minutes == 30", {"who": principal(factor_minutes=30)}),
        ('context.origin == "api" && context.emergency', {"origin": "api", "emergency": True}),
        ('principal.teams.contains("Risk") && resource.teams.contains("Risk")',
         {"who": principal(teams=frozenset({"Risk"})), "what": resource(teams=frozenset({"Risk"}))}),
    ):  # fmt: skip
        texts = {"one": policy(f"permit (principal, action, resource) when {{ {condition} }};")}
        assert answer("eval.run", texts=texts, **facts).allowed, condition


@pytest.mark.django_db
class TestInForce:
    """The version in force."""

    def ask(self) -> Any:
        return evaluate(principal=principal(), operation="eval.run", resource=resource(), context=Ctx(), now=AT)

    def test_the_first_set_is_in_force_from_the_first_migration(self) -> None:
        said = self.ask()
        assert (said.allowed, said.version_number) == (True, 1)
        assert PolicyVersion.objects.get().digest == digest_of(default_texts())

    def test_a_confirmed_version_acts_at_the_next_question(self) -> None:
        """Texts are kept by digest; answers are not kept at all."""
        assert self.ask().allowed
        texts = {"none": policy("forbid (principal, action, resource);")}
        PolicyVersion.objects.create(number=2, texts=texts, digest=digest_of(texts), in_force_at=AT)
        said = self.ask()
        assert (said.allowed, said.version_number) == (False, 2)

    def test_without_a_version_nobody_is_allowed_anything(self, caplog: Any) -> None:
        PolicyVersion.objects.all().delete()
        with caplog.at_level(logging.ERROR):
            said = self.ask()
        assert (said.allowed, said.version_number, said.reasons) == (False, None, ("No policies are in force",))

    def test_unreadable_texts_are_a_no(self) -> None:
        texts = {"odd": policy("permit what you like")}
        PolicyVersion.objects.create(number=2, texts=texts, digest=digest_of(texts), in_force_at=AT)
        assert not self.ask().allowed

    def test_one_query_once_the_version_is_known(self) -> None:
        self.ask()
        with CaptureQueriesContext(
            connection,
        ) as seen:
            self.ask()
            assert len(seen) == 1
