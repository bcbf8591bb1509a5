"""ID-04 and ID-05: stale accounts, and accounts of people who left."""

from datetime import date
from typing import Any

import pytest

from apps.core.errors import Invalid
from apps.posture.spec import CHECKS
from tests.factories import NOW, make_identity, make_person, make_source
from tests.posture.judging import HOSTILE, LONG_AGO, ago, answers, said

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"use_state": "used", "last_used_at": ago(0)}, "met"),
        ({"use_state": "used", "last_used_at": ago(45)}, "met"),
        ({"use_state": "used", "last_used_at": ago(45, 1)}, "failing unused"),
        ({"use_state": "used", "last_used_at": None}, "not_evaluated no_data"),
        ({"use_state": "unknown"}, "not_evaluated no_data"),
        ({"use_state": "unknown", "created_on_source_at": LONG_AGO}, "not_evaluated no_data"),
        ({"use_state": "never", "created_on_source_at": ago(45)}, "met new_account"),
        ({"use_state": "never", "created_on_source_at": ago(45, 1)}, "failing never_used"),
        ({"use_state": "never"}, "not_evaluated age_unknown"),
        ({"use_state": "used", "last_used_at": LONG_AGO, "kind": "unknown"}, "failing unused"),
        ({"use_state": "used", "last_used_at": LONG_AGO, "enabled": "unknown"}, "failing unused"),
        ({"use_state": "used", "last_used_at": LONG_AGO, "enabled": "no"}, "out of scope"),
        ({"use_state": "used", "last_used_at": LONG_AGO, "gone_at": NOW}, "out of scope"),
    ],
)
def test_stale_accounts(fields: dict[str, Any], expected: str) -> None:
    """Exactly the allowed days is in time; never is not the same as not known."""
    assert said("ID-04", make_identity(**fields)) == expected


@pytest.mark.parametrize(("days", "expected"), [(1, "failing unused"), (10, "met"), (730, "met")])
def test_days_are_a_parameter(days: int, expected: str) -> None:
    """The same account under other limits."""
    assert said("ID-04", make_identity(use_state="used", last_used_at=ago(10)), days=days) == expected


@pytest.mark.parametrize("check_id", ["ID-04", "NH-01", "NH-02", "GV-02", "GV-07"])
@pytest.mark.parametrize("value", [0, -1, 731, "", "45.5", "forty", True, None, "1; DROP TABLE x", [45]])
def test_bad_days_are_refused(check_id: str, value: Any) -> None:
    """With the name of the parameter."""
    with pytest.raises(Invalid, match="Days"):
        CHECKS[check_id].parsed({"days": value})


@pytest.mark.parametrize("check_id", ["ID-04", "ID-05"])
@pytest.mark.parametrize(("seconds", "stale"), [(0, False), (1, True)])
def test_data_older_than_the_check_allows(check_id: str, seconds: int, stale: bool) -> None:
    """Exactly the limit is fresh."""
    source = make_source(observed_at=ago(CHECKS[check_id].freshness_days, seconds))
    identity = make_identity(source=source, person=make_person(), use_state="used", last_used_at=LONG_AGO)
    assert (said(check_id, identity) == "not_evaluated stale") == stale


@pytest.mark.parametrize(
    ("person", "fields", "expected"),
    [
        (None, {}, "not_evaluated no_person"),
        ({}, {}, "met"),
        ({"status": "unknown"}, {}, "not_evaluated no_data"),
        ({"status": "left"}, {}, "failing left"),
        ({"status": "left"}, {"enabled": "unknown"}, "not_evaluated enabled_unknown"),
        ({"status": "left"}, {"enabled": "no"}, "out of scope"),
        ({"status": "left"}, {"gone_at": NOW}, "out of scope"),
        ({"ended_on": date(2026, 11, 19)}, {}, "failing left"),
        ({"ended_on": date(2026, 11, 20)}, {}, "met"),
        ({"ended_on": date(2026, 11, 21)}, {}, "met"),
        ({"status": "unknown", "ended_on": date(2026, 11, 19)}, {}, "failing left"),
    ],
)
def test_leavers(person: dict[str, Any] | None, fields: dict[str, Any], expected: str) -> None:
    """The last day counts as here; a leaver whose account may be disabled is not proven failing."""
    behind = None if person is None else make_person(**person)
    assert said("ID-05", make_identity(person=behind, **fields)) == expected


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([{"enabled": "no"}], "failing disabled_in_directory"),
        ([{"enabled": "yes"}], "met"),
        ([{"enabled": "unknown"}], "met"),
        ([{"enabled": "no"}, {"enabled": "yes"}], "met"),
        ([{"enabled": "no", "gone_at": NOW}], "met"),
    ],
)
def test_disabled_in_the_directory(others: list[dict[str, Any]], expected: str) -> None:
    """The directory shut the person out, the account elsewhere is open."""
    person, directory = make_person(), make_source(format="microsoft-graph")
    for fields in others:
        make_identity(source=directory, person=person, **fields)
    account = make_identity(source=make_source(format="aws-iam-credential-report"), person=person)
    assert said("ID-05", account) == expected


def test_another_tool_that_disables_is_no_directory() -> None:
    """A disabled AWS account says nothing about the person."""
    person = make_person()
    make_identity(source=make_source(format="aws-iam-credential-report"), person=person, enabled="no")
    assert said("ID-05", make_identity(person=person)) == "met"


def test_evidence_and_label() -> None:
    """What was seen, what was expected, and when."""
    person = make_person(status="left", ended_on=date(2026, 10, 31))
    identity = make_identity(
        person=person, name=HOSTILE, use_state="used", last_used_at=ago(46), created_on_source_at=ago(400)
    )
    stale, left = answers("ID-04")[identity.pk], answers("ID-05")[identity.pk]
    assert stale.label == left.label == HOSTILE
    assert stale.evidence == {
        "last_used_at": "2026-10-05T06:12:00Z",
        "use": "used",
        "created_at": "2025-10-16T06:12:00Z",
        "expected": "used within 45 days",
        "recorded_at": "2026-11-20T06:12:00Z",
    }
    assert left.evidence == {
        "person_status": "left",
        "ended_on": "2026-10-31",
        "enabled": "yes",
        "disabled_in_directory": "no",
        "expected": "a person who works here, or an account that is disabled",
        "recorded_at": "2026-11-20T06:12:00Z",
    }
