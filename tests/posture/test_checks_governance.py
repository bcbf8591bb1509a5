"""GV-01, GV-02, GV-07 and DA-05: owners, sightings, sources, and where data comes from."""

from datetime import date
from typing import Any

import pytest

from apps.core.errors import Invalid
from apps.inventory.states import AssetKind
from apps.posture.spec import CHECKS
from tests.factories import NOW, make_asset, make_import, make_person, make_source
from tests.posture.judging import HOSTILE, ago, answers, said

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("owner", "confirmed", "expected"),
    [
        (None, None, "failing no_owner"),
        (None, NOW, "failing no_owner"),
        ({}, None, "failing not_confirmed"),
        ({}, NOW, "met"),
        ({"status": "left"}, NOW, "failing owner_left"),
        ({"status": "left"}, None, "failing not_confirmed"),
        ({"status": "unknown"}, NOW, "not_evaluated status_unknown"),
        ({"ended_on": date(2026, 11, 19)}, NOW, "failing owner_left"),
        ({"ended_on": date(2026, 11, 20)}, NOW, "met"),
    ],
)
def test_owner(owner: dict[str, Any] | None, confirmed: Any, expected: str) -> None:
    """Confirmed here, and at work; a claim confers nothing."""
    person = None if owner is None else make_person(**owner)
    assert said("GV-01", make_asset(owner=person, owner_confirmed_at=confirmed)) == expected


@pytest.mark.parametrize("check_id", ["GV-01", "GV-02"])
def test_which_assets_are_governed(check_id: str) -> None:
    """All that are there, except the parts that are governed through what they belong to."""
    parts = {AssetKind.MODEL_VERSION, AssetKind.TRAINING_JOB}
    expected = {make_asset(kind=kind).pk for kind in AssetKind if kind not in parts}
    for part in parts:
        make_asset(kind=part)
    make_asset(gone_at=NOW)
    assert set(answers(check_id)) == expected


@pytest.mark.parametrize(("check_id", "days"), [("GV-02", 30), ("GV-07", 7)])
def test_seen_and_read_within_days(check_id: str, days: int) -> None:
    """Exactly the allowed days is in time, and the days are a parameter."""

    def subject(at: Any) -> Any:
        return make_asset(last_seen_at=at) if check_id == "GV-02" else make_source(observed_at=at)

    bad = {"GV-02": "failing not_seen", "GV-07": "failing blind"}[check_id]
    edge, over = subject(ago(days)), subject(ago(days, 1))
    assert (said(check_id, edge), said(check_id, over)) == ("met", bad)
    assert (said(check_id, edge, days=days - 1), said(check_id, over, days=days + 1)) == (bad, "met")


def test_sources() -> None:
    """One never read is not evaluated; a retired one is in no count."""
    assert said("GV-07", make_source(observed_at=None)) == "not_evaluated never_read"
    assert said("GV-07", make_source(observed_at=ago(400), retired_at=NOW)) == "out of scope"


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["refused"], "out of scope"),
        (["refused", "discarded"], "out of scope"),
        (["refused", "queued"], "not_evaluated never_read"),
        (["previewed"], "not_evaluated never_read"),
    ],
)
def test_a_source_whose_files_were_all_refused_feeds_no_check(states: list[str], expected: str) -> None:
    """A mistyped import changes no number."""
    source = make_source(observed_at=None)
    for state in states:
        make_import(source, state=state)
    assert said("GV-07", source) == expected


WHOLE = {"location": "s3://bucket/data", "content_digest": "abc", "licence": "CC-BY-4.0"}


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ({}, "met"),
        ({"location": ""}, "failing no_source"),
        ({"content_digest": ""}, "failing no_hash"),
        ({"licence": ""}, "failing no_licence"),
        ({"owner": None}, "failing no_owner"),
        ({"owner_confirmed_at": None}, "failing no_owner"),
        ({"content_digest": "", "licence": ""}, "failing no_hash"),
        ({"last_seen_at": ago(30)}, "met"),
        ({"last_seen_at": ago(30, 1)}, "not_evaluated stale"),
        ({"last_seen_at": ago(30, 1), "licence": ""}, "failing no_licence"),
        ({"gone_at": NOW}, "out of scope"),
        ({"kind": "model"}, "out of scope"),
    ],
)
def test_provenance(missing: dict[str, Any], expected: str) -> None:
    """Source, hash, licence and a confirmed owner; the first that is missing is the reason."""
    fields = {"kind": "dataset", "owner": make_person(), "owner_confirmed_at": NOW, **WHOLE, **missing}
    assert said("DA-05", make_asset(**fields)) == expected


def test_required_parts_are_a_parameter() -> None:
    """In whatever order they are given."""
    data = make_asset(kind="dataset", location="s3://bucket/data")
    assert said("DA-05", data, parts=["source"]) == "met"
    assert said("DA-05", data, parts="licence, hash") == "failing no_hash"


@pytest.mark.parametrize("parts", [[], "", ["colour"], ["source", "colour"], 7, None, ["source", 1]])
def test_bad_parts_are_refused(parts: Any) -> None:
    """None at all would prove everything, and an unknown one nothing."""
    with pytest.raises(Invalid, match="Required parts"):
        CHECKS["DA-05"].parsed({"parts": parts})


def test_evidence_and_labels() -> None:
    """What was seen, and what was expected."""
    owner = make_person(name="Priya Raman")
    asset = make_asset(kind="dataset", name=HOSTILE, version="v2", owner=owner, owner_confirmed_at=NOW, **WHOLE)
    source = make_source(name=HOSTILE)
    found = {check_id: answers(check_id) for check_id in ("GV-01", "GV-02", "GV-07", "DA-05")}
    for check_id in ("GV-01", "GV-02", "DA-05"):
        assert found[check_id][asset.pk].label == f"{HOSTILE} v2"
    assert found["GV-07"][source.pk].label == HOSTILE
    assert found["GV-01"][asset.pk].evidence == {
        "owner": "Priya Raman",
        "owner_status": "active",
        "confirmed_at": "2026-11-20T06:12:00Z",
        "expected": "a confirmed owner who works here",
    }
    assert found["GV-02"][asset.pk].evidence == {
        "last_seen_at": "2026-11-20T06:12:00Z",
        "expected": "reported within 30 days",
    }
    assert found["GV-07"][source.pk].evidence == {
        "observed_at": "2026-11-20T06:12:00Z",
        "format": "microsoft-graph",
        "expected": "read within 7 days",
    }
    assert found["DA-05"][asset.pk].evidence == {
        "source": "s3://bucket/data",
        "hash": "abc",
        "licence": "CC-BY-4.0",
        "owner": "Priya Raman",
        "last_seen_at": "2026-11-20T06:12:00Z",
        "expected": "source, hash, licence, owner",
    }
