"""ID-03: access that nobody uses."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.errors import Invalid
from apps.inventory.models import Entitlement, Identity
from apps.posture.spec import CHECKS
from tests.factories import NOW, make_coverage, make_entitlement, make_identity, make_source
from tests.posture.judging import LONG_AGO, ago, answers, said

pytestmark = pytest.mark.django_db
ID_03 = "ID-03"
USED = {"use_state": "used", "last_used_at": ago(1)}
UNUSED = {"use_state": "used", "last_used_at": ago(90, 1)}


def account(**fields: Any) -> Identity:
    """Return an account of a server that tells AI access."""
    return make_identity(**{"source": make_source(brings_ai_entitlements=True), **fields})


@pytest.mark.parametrize(
    ("fields", "accesses", "expected"),
    [
        (USED, [{"last_used_at": ago(90)}], "met"),
        (USED, [{"last_used_at": ago(90, 1)}], "failing unused"),
        (USED, [{"last_used_at": ago(1)}, {"last_used_at": LONG_AGO}], "failing unused"),
        ({}, [{"last_used_at": LONG_AGO}, {}], "failing unused"),
        (UNUSED, [{"last_used_at": ago(1)}], "met"),
        (UNUSED, [{}], "failing account_unused"),
        (UNUSED, [{"granted_at": ago(90)}], "met"),
        (UNUSED, [{"granted_at": ago(90, 1)}], "failing account_unused"),
        ({"use_state": "used", "last_used_at": ago(90)}, [{}], "not_evaluated use_unknown"),
        (USED, [{}], "not_evaluated use_unknown"),
        (USED, [{"last_used_at": ago(1)}, {}], "not_evaluated use_unknown"),
        ({"use_state": "unknown"}, [{}], "not_evaluated use_unknown"),
        ({"use_state": "used", "last_used_at": None}, [{}], "not_evaluated use_unknown"),
        ({"use_state": "never", "created_on_source_at": ago(90, 1)}, [{}], "failing never_used"),
        ({"use_state": "never", "created_on_source_at": ago(90)}, [{}], "met new_account"),
        ({"use_state": "never"}, [{}], "not_evaluated age_unknown"),
        ({**UNUSED, "kind": "agent"}, [{}], "failing account_unused"),
        ({**UNUSED, "enabled": "unknown"}, [{}], "failing account_unused"),
        ({**UNUSED, "enabled": "no"}, [{}], "out of scope"),
        ({**UNUSED, "gone_at": NOW}, [{}], "out of scope"),
        (UNUSED, [{"gone_at": NOW}], "out of scope"),
        (UNUSED, [{"on_ai": "no"}], "out of scope"),
        (UNUSED, [{"on_ai": "unknown"}], "failing account_unused"),
        (UNUSED, [], "out of scope"),
    ],
)
def test_each_outcome(fields: dict[str, Any], accesses: list[dict[str, Any]], expected: str) -> None:
    """An account that was not used used nothing it holds; of one that was used, that says nothing."""
    identity = account(**fields)
    for access in accesses:
        make_entitlement(identity, **access)
    assert said(ID_03, identity) == expected


@pytest.mark.parametrize(("privileged", "expected"), [("yes", "failing account_unused"), ("no", "out of scope")])
def test_roles_of_a_directory(privileged: str, expected: str) -> None:
    """That does not tell AI access apart: its privileged roles can hand out all access."""
    identity = account(source=make_source(), **UNUSED)
    make_entitlement(identity, on_ai="no", privileged=privileged)
    assert said(ID_03, identity) == expected


@pytest.mark.parametrize("kind", ["", "identity", "entitlement"])
@pytest.mark.parametrize(("seconds", "stale"), [(0, False), (1, True)])
def test_data_older_than_the_check_allows(kind: str, seconds: int, stale: bool) -> None:
    """Of the source, or of one of the lists that the answer rests on."""
    old = ago(CHECKS[ID_03].freshness_days, seconds)
    identity = account(source=make_source(brings_ai_entitlements=True, observed_at=NOW if kind else old), **UNUSED)
    make_entitlement(identity)
    if kind:
        make_coverage(identity.source, kind, observed_at=old)
    assert (said(ID_03, identity) == "not_evaluated stale") == stale


def test_days_are_a_parameter_and_the_evidence_names_the_longest_unused() -> None:
    """With where it is."""
    identity = account(**USED)
    for days, operation in ((10, "READ"), (20, "EDIT"), (5, "USE")):
        make_entitlement(identity, operation=operation, scope="churn-gbm", last_used_at=ago(days))
    assert [said(ID_03, identity, days=days) for days in (20, 19)] == ["met", "failing unused"]
    found = answers(ID_03, days=9)[identity.pk].evidence
    assert (found["held"], found["unused"], found["longest_unused"], found["longest_unused_in"]) == (
        3, 2, "EDIT", "churn-gbm",
    )  # fmt: skip
    for value in (0, 731, "soon"):
        with pytest.raises(Invalid, match="Days"):
            CHECKS[ID_03].parsed({"days": value})


WHEN = st.sampled_from([None, ago(1), ago(89), ago(91), LONG_AGO])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    accesses=st.lists(st.tuples(WHEN, WHEN), min_size=1, max_size=3),
    use=st.sampled_from(["used", "never", "unknown"]),
    last=WHEN,
    made=WHEN,
)
def test_met_needs_proof_for_each(accesses: list[tuple[Any, Any]], use: str, last: Any, made: Any) -> None:
    """Whatever else is known: met only where every access was used lately, or is younger than the limit."""
    identity = account(use_state=use, last_used_at=last, created_on_source_at=made)
    for used, granted in accesses:
        make_entitlement(identity, last_used_at=used, granted_at=granted)
    limit = ago(90)
    proven = all((used or granted or LONG_AGO) >= limit and (used or limit) >= limit for used, granted in accesses)
    new = use == "never" and made is not None and made >= limit and all(not u or u >= limit for u, _ in accesses)
    assert (said(ID_03, identity).split()[0] == "met") == (proven or new)
    Entitlement.objects.filter(identity=identity).delete()
    identity.delete()
