"""NH-01 and NH-02: age, use and owner of programmatic keys."""

from datetime import date
from typing import Any

import pytest

from apps.posture.spec import CHECKS
from tests.factories import NOW, make_credential, make_identity, make_person, make_source
from tests.posture.judging import HOSTILE, LONG_AGO, ago, answers, said

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"rotated_at": ago(90)}, "met"),
        ({"rotated_at": ago(90, 1)}, "failing too_old"),
        ({"created_on_source_at": ago(90)}, "met"),
        ({"created_on_source_at": ago(90, 1)}, "failing too_old"),
        ({"created_on_source_at": LONG_AGO, "rotated_at": ago(1)}, "met"),
        ({}, "not_evaluated age_unknown"),
        ({"rotated_at": LONG_AGO, "active": "unknown"}, "failing too_old"),
        ({"rotated_at": LONG_AGO, "active": "no"}, "out of scope"),
        ({"rotated_at": LONG_AGO, "gone_at": NOW}, "out of scope"),
        ({"rotated_at": LONG_AGO, "kind": "api_key"}, "failing too_old"),
        ({"rotated_at": LONG_AGO, "kind": "token"}, "failing too_old"),
        ({"rotated_at": LONG_AGO, "kind": "password"}, "out of scope"),
        ({"rotated_at": LONG_AGO, "kind": "certificate"}, "out of scope"),
    ],
)
def test_age(fields: dict[str, Any], expected: str) -> None:
    """Since the last rotation, else since creation; exactly the allowed days is in time."""
    assert said("NH-01", make_credential(make_identity(), **fields)) == expected


@pytest.mark.parametrize("check_id", ["NH-01", "NH-02"])
@pytest.mark.parametrize(
    ("holder", "source", "asked"),
    [
        ({}, {}, True),
        ({"enabled": "unknown", "kind": "service"}, {}, True),
        ({}, {"brings_ai_entitlements": True}, True),
        ({"enabled": "no"}, {}, False),
        ({"gone_at": NOW}, {}, False),
        ({}, {"retired_at": NOW}, False),
    ],
)
def test_every_active_key_is_asked(check_id: str, holder: dict[str, Any], source: dict[str, Any], asked: bool) -> None:
    """Whether its account holds AI access or not; what is gone, disabled or retired is in no count."""
    key = make_credential(make_identity(source=make_source(**source), **holder))
    assert (said(check_id, key) != "out of scope") == asked


USED = {"use_state": "used", "last_used_at": ago(60)}
UNUSED = {"use_state": "used", "last_used_at": ago(60, 1)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (USED, "met"),
        (UNUSED, "failing unused"),
        ({"use_state": "never", "created_on_source_at": ago(60)}, "met new_key"),
        ({"use_state": "never", "created_on_source_at": ago(60, 1)}, "failing never_used"),
        ({"use_state": "never", "rotated_at": ago(61)}, "failing never_used"),
        ({"use_state": "never"}, "not_evaluated age_unknown"),
        ({"use_state": "unknown", "created_on_source_at": LONG_AGO}, "not_evaluated use_unknown"),
    ],
)
def test_use(fields: dict[str, Any], expected: str) -> None:
    """Never is not the same as not known; exactly the allowed days is in time."""
    assert said("NH-02", make_credential(make_identity(), **fields)) == expected


@pytest.mark.parametrize(
    ("holder", "person", "expected"),
    [
        ({"kind": "human"}, None, "met"),
        ({"kind": "guest"}, None, "met"),
        ({"kind": "service"}, None, "failing no_owner"),
        ({"kind": "workload"}, None, "failing no_owner"),
        ({"kind": "unknown"}, None, "failing no_owner"),
        ({"kind": "service"}, {}, "met"),
        ({"kind": "service"}, {"status": "unknown"}, "met"),
        ({"kind": "service"}, {"status": "left"}, "failing owner_left"),
        ({"kind": "human"}, {"status": "left"}, "failing owner_left"),
        ({"kind": "human"}, {"ended_on": date(2026, 11, 19)}, "failing owner_left"),
        ({"kind": "human"}, {"ended_on": date(2026, 11, 20)}, "met"),
    ],
)
def test_owner(holder: dict[str, Any], person: dict[str, Any] | None, expected: str) -> None:
    """A person's own account is owned by that person; any other needs a person behind it, who works here."""
    behind = None if person is None else make_person(**person)
    assert said("NH-02", make_credential(make_identity(person=behind, **holder), **USED)) == expected


def test_disuse_is_told_before_the_missing_owner() -> None:
    """The first reason is the one whose remedy ends both."""
    assert said("NH-02", make_credential(make_identity(kind="service"), **UNUSED)) == "failing unused"


@pytest.mark.parametrize("check_id", ["NH-01", "NH-02"])
@pytest.mark.parametrize(("seconds", "stale"), [(0, False), (1, True)])
def test_data_older_than_the_check_allows(check_id: str, seconds: int, stale: bool) -> None:
    """Exactly the limit is fresh."""
    source = make_source(observed_at=ago(CHECKS[check_id].freshness_days, seconds))
    key = make_credential(make_identity(source=source), rotated_at=LONG_AGO, **UNUSED)
    assert (said(check_id, key) == "not_evaluated stale") == stale


def test_days_are_parameters() -> None:
    """The same key under other limits."""
    key = make_credential(make_identity(), rotated_at=ago(10), use_state="used", last_used_at=ago(10))
    assert [said(check_id, key, days=9) for check_id in ("NH-01", "NH-02")] == ["failing too_old", "failing unused"]
    assert [said(check_id, key, days=10) for check_id in ("NH-01", "NH-02")] == ["met", "met"]


def test_each_key_of_an_account_is_a_subject() -> None:
    """Two keys, two results, told apart by their names."""
    identity = make_identity(name="runner")
    make_credential(identity, name="Access key 1")
    make_credential(identity, name="Access key 2")
    assert sorted(row.label for row in answers("NH-01").values()) == ["runner, Access key 1", "runner, Access key 2"]


def test_evidence_and_label() -> None:
    """What was seen, what was expected, and when; never the key."""
    identity = make_identity(kind="service", name=HOSTILE, person=make_person(name=HOSTILE))
    key = make_credential(identity, name=HOSTILE, created_on_source_at=ago(100), use_state="never")
    age, use = answers("NH-01")[key.pk], answers("NH-02")[key.pk]
    assert age.label == use.label == f"{HOSTILE}, {HOSTILE}"
    assert age.evidence == {
        "rotated_at": None,
        "created_at": "2026-08-12T06:12:00Z",
        "expected": "rotated within 90 days",
        "recorded_at": "2026-11-20T06:12:00Z",
    }
    assert use.evidence == {
        "last_used_at": None,
        "use": "never",
        "created_at": "2026-08-12T06:12:00Z",
        "holder_kind": "service",
        "person": HOSTILE,
        "expected": "an owner, and used within 60 days",
        "recorded_at": "2026-11-20T06:12:00Z",
    }


def test_label_of_a_key_without_names() -> None:
    """Login, then the key of the account; the kind of the key."""
    identity = make_identity(name="", login="", source_key="arn:1")
    key = make_credential(identity, kind="token")
    assert answers("NH-01")[key.pk].label == "arn:1, token"
