"""Each policy the portal ships with: who is allowed, and who is not."""

from typing import Any

import pytest

from apps.access.policies.language import default_texts
from apps.access.policies.validation import effect_of, problems_of
from apps.governance.operations import OPERATIONS
from tests.access.policies.asked import answer, principal, resource

# slug → (a question it decides, the same question changed so that it does not)
Case = tuple[str, dict[str, Any]]
CISO = {"roles": frozenset({"ciso"})}
DECIDED: dict[str, tuple[Case, Case]] = {
    "people-routine": (
        ("eval.run", {"who": principal(**CISO)}),
        ("eval.run", {"who": principal(roles=frozenset({"auditor"}))}),
    ),
    "people-sensitive": (("train.run", {}), ("train.run", {"who": principal(**CISO)})),
    "services-work": (
        ("weights.read", {"who": principal("ServiceAccount")}),
        ("weights.read", {"who": principal("ServiceAccount"), "what": resource(1)}),
    ),
    "agents-use": (("endpoint.call", {"who": principal("Agent")}), ("eval.run", {"who": principal("Agent")})),
    "second-factor": (("train.run", {"who": principal(factor="unknown")}), ("train.run", {})),
    "strong-factor-tier-1": (
        ("eval.run", {"who": principal(factor="weak"), "what": resource(1)}),
        ("eval.run", {"who": principal(factor="weak"), "what": resource(2)}),
    ),
    "no-export-for-guests": (
        ("weights.export", {"who": principal(guest=True)}),
        ("eval.run", {"who": principal(guest=True)}),
    ),
    "no-export-with-critical-findings": (
        ("weights.export", {"what": resource(critical_findings=1)}),
        ("weights.read", {"what": resource(critical_findings=1)}),
    ),
    "unsigned-version": (
        ("train.run", {"what": resource(signed="no")}),
        ("model.sign", {"what": resource(signed="no")}),
    ),
    "unproven-signature": (
        ("model.deploy", {"what": resource(signed="unknown")}),
        ("model.deploy", {"what": resource(signed="not_applicable")}),
    ),
    "agents-change-no-guardrails": (
        ("guardrail.change", {"who": principal("Agent")}),
        ("guardrail.change", {}),
    ),
    "failing-device": (
        ("train.run", {"who": principal(device="failing")}),
        ("train.run", {"who": principal(device="unknown")}),
    ),
    "at-most-tier-1": (
        ("eval.run", {"what": resource(1), "minutes": 241}),
        ("eval.run", {"what": resource(1), "minutes": 240}),
    ),
    "at-most-tier-2": (("train.run", {"minutes": 1441}), ("train.run", {"minutes": 1440})),
    "at-most-tier-3": (("eval.run", {"minutes": 481}), ("eval.run", {"minutes": 480})),
    "emergency-hour": (
        ("train.run", {"who": principal(factor="phishing_resistant"), "minutes": 61, "emergency": True}),
        ("train.run", {"who": principal(factor="phishing_resistant"), "minutes": 60, "emergency": True}),
    ),
    "emergency-passkey": (
        ("train.run", {"emergency": True}),
        ("train.run", {"who": principal(factor="phishing_resistant"), "emergency": True}),
    ),
}


def test_every_default_has_its_case_and_fits_the_schema() -> None:
    assert set(DECIDED) == set(default_texts())
    assert problems_of(default_texts()) == []


@pytest.mark.parametrize("slug", sorted(DECIDED))
def test_decides_for_the_one_and_not_for_the_other(slug: str) -> None:
    """A permit allows the first and not the second; a forbid refuses the first, and the second is allowed."""
    (operation, facts), (other, other_facts) = DECIDED[slug]
    permits = effect_of(default_texts()[slug]["text"]) == "permit"
    first, second = answer(operation, **facts), answer(other, **other_facts)
    assert slug in first.policy_ids and slug not in second.policy_ids
    assert (first.allowed, second.allowed) == (permits, not permits)
    assert default_texts()[slug]["reason"] in first.reasons


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_who_has_no_role_is_told_that_no_policy_allows_it(operation: str) -> None:
    """Auditors, people without a role and services without theirs ask for nothing."""
    for who in (
        principal(roles=frozenset()),
        principal(roles=frozenset({"auditor"})),
        principal("ServiceAccount", roles=frozenset()),
    ):
        said = answer(operation, who)
        assert (said.allowed, said.policy_ids, said.reasons) == (False, (), ("No policy allows this",))
        assert not said.requestable


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_what_agents_may(operation: str) -> None:
    """Reading data and calling, outside tier 1; nothing else by any default."""
    for tier in (1, 2, 3):
        expected = operation in ("data.read", "endpoint.call") and tier > 1
        assert answer(operation, principal("Agent"), resource(tier)).allowed is expected


def test_a_refusal_says_what_helps_and_whether_asking_differently_does() -> None:
    too_long = answer("train.run", minutes=2000)
    assert (too_long.requestable, too_long.remedies) == (True, ("Ask for 24 hours or less.",))
    guest = answer("weights.export", principal(guest=True), minutes=2000)
    assert set(guest.policy_ids) == {"at-most-tier-1", "no-export-for-guests"} and not guest.requestable
    assert answer("train.run").remedies == () and answer("train.run").requestable
