"""ID-01: who is asked, and each outcome."""

from datetime import timedelta
from typing import Any

import pytest

from apps.posture.spec import CHECKS
from tests.factories import NOW, make_coverage, make_entitlement, make_factor, make_identity, make_source
from tests.posture.judging import HOSTILE, ago, answers, said

pytestmark = pytest.mark.django_db
ID_01 = "ID-01"
PERSON = {"mfa_known": "yes", "password_sign_in": "yes"}


@pytest.mark.parametrize(
    ("fields", "factors", "expected"),
    [
        (PERSON, [], "failing no_factor"),
        (PERSON, [{}], "met"),
        (PERSON, [{"strength": "phishing_resistant"}], "met"),
        (PERSON, [{"strength": "weak", "type": "mobilePhone"}], "met weak_factor"),
        (PERSON, [{"strength": "weak"}, {"strength": "strong"}], "met"),
        (PERSON, [{"strength": "not_a_factor", "type": "email"}], "failing no_factor"),
        (PERSON, [{"strength": "not_a_factor", "type": "securityQuestion"}, {"strength": "weak"}], "met weak_factor"),
        (PERSON, [{"active": "no"}], "failing no_factor"),
        (PERSON, [{"active": "unknown"}], "not_evaluated factor_unknown"),
        (PERSON, [{"active": "unknown"}, {"strength": "weak"}], "met weak_factor"),
        (PERSON, [{"gone_at": NOW}], "failing no_factor"),
        ({"mfa_known": "unknown"}, [], "not_evaluated no_data"),
        ({"mfa_known": "unknown"}, [{}], "met"),
        ({"mfa_known": "yes", "password_sign_in": "unknown"}, [], "failing no_factor"),
        ({"mfa_known": "yes", "password_sign_in": "no"}, [], "not_applicable no_password"),
        ({**PERSON, "kind": "guest"}, [], "failing no_factor"),
        ({**PERSON, "kind": "unknown"}, [], "failing no_factor"),
        ({**PERSON, "enabled": "unknown"}, [], "failing no_factor"),
        ({**PERSON, "enabled": "no"}, [], "out of scope"),
        ({**PERSON, "gone_at": NOW}, [], "out of scope"),
    ],
)
def test_each_outcome(fields: dict[str, Any], factors: list[dict[str, Any]], expected: str) -> None:
    """Registration is judged; a mail address and a security question are no factors, a text message is a weak one."""
    identity = make_identity(**fields)
    for factor in factors:
        make_factor(identity, **factor)
    assert said(ID_01, identity) == expected


@pytest.mark.parametrize("kind", ["service", "workload", "agent"])
def test_machines_are_asked_only_where_they_reach_ai_and_then_do_not_apply(kind: str) -> None:
    """They sign in with keys; those have checks of their own."""
    machine = make_identity(kind=kind, **PERSON)
    assert said(ID_01, machine) == "out of scope"
    make_entitlement(machine)
    assert said(ID_01, machine) == "not_applicable not_a_person"


@pytest.mark.parametrize(
    ("brings", "access", "expected"),
    [
        (False, None, "failing no_factor"),
        (True, None, "out of scope"),
        (True, {}, "failing no_factor"),
        (True, {"on_ai": "no"}, "out of scope"),
        (True, {"on_ai": "unknown"}, "out of scope"),
        (True, {"gone_at": NOW}, "out of scope"),
        (False, {"on_ai": "no"}, "failing no_factor"),
    ],
)
def test_scope(brings: bool, access: dict[str, Any] | None, expected: str) -> None:
    """Who holds AI access; and all people of a source that tells of none, because unknown is in scope."""
    identity = make_identity(source=make_source(brings_ai_entitlements=brings), **PERSON)
    if access is not None:
        make_entitlement(identity, **access)
    assert said(ID_01, identity) == expected


def test_several_entitlements_and_factors_are_one_result() -> None:
    """Subjects are never doubled by what hangs on them."""
    identity = make_identity(**PERSON)
    for _ in range(3):
        make_entitlement(identity)
        make_factor(identity)
    assert list(answers(ID_01)) == [identity.pk]


def test_retired_source_is_out_of_scope() -> None:
    """What nobody reads any more is in no count."""
    assert said(ID_01, make_identity(source=make_source(retired_at=NOW), **PERSON)) == "out of scope"


@pytest.mark.parametrize(("seconds", "expected"), [(0, "failing no_factor"), (1, "not_evaluated stale")])
def test_data_older_than_the_check_allows(seconds: int, expected: str) -> None:
    """Exactly the limit is fresh. What does not apply is never stale."""
    days = CHECKS[ID_01].freshness_days
    source = make_source(observed_at=ago(days, seconds))
    assert said(ID_01, make_identity(source=source, **PERSON)) == expected
    assert said(ID_01, make_identity(source=source, password_sign_in="no")) == "not_applicable no_password"


@pytest.mark.parametrize(("seconds", "expected"), [(0, "met"), (1, "not_evaluated stale")])
def test_factors_read_long_before_the_accounts(seconds: int, expected: str) -> None:
    """The source is fresh, its registration details are not."""
    identity = make_identity(**PERSON)
    make_factor(identity)
    make_coverage(identity.source, "factor", observed_at=ago(CHECKS[ID_01].freshness_days, seconds))
    assert said(ID_01, identity) == expected


def test_a_source_never_read_is_stale() -> None:
    """No time of reading is not a fresh one."""
    assert said(ID_01, make_identity(source=make_source(observed_at=None), **PERSON)) == "not_evaluated stale"


def test_evidence() -> None:
    """What was seen, what was expected, and when."""
    identity = make_identity(observed_at=NOW - timedelta(days=3), **PERSON)
    make_factor(identity, strength="weak")
    assert answers(ID_01)[identity.pk].evidence == {
        "password_sign_in": "yes",
        "factors_known": "yes",
        "strong_factor": "no",
        "weak_factor": "yes",
        "expected": "an active second factor",
        "recorded_at": "2026-11-17T06:12:00Z",
    }


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"name": HOSTILE, "login": "x"}, HOSTILE),
        ({"name": "", "login": HOSTILE}, HOSTILE),
        ({"name": "", "login": "", "source_key": HOSTILE}, HOSTILE),
    ],
)
def test_label_is_the_name_as_it_came(fields: dict[str, str], label: str) -> None:
    """Pages make it harmless; the first that there is of name, login and key."""
    identity = make_identity(**fields)
    assert answers(ID_01)[identity.pk].label == label
