"""ID-11 and ID-12: access nobody looked at for long, and access that a review revoked and that is there still."""

from datetime import datetime
from typing import Any

import pytest

from apps.core.errors import Invalid
from apps.inventory.models import Asset, Coverage, Entitlement, Identity, Source
from apps.posture.spec import CHECKS
from apps.reviews.models import Item
from tests.access.judged import given
from tests.factories import NOW, make_asset, make_coverage, make_entitlement, make_identity, make_source
from tests.posture.judging import LONG_AGO, ago, answers, said
from tests.reviews.judged import reviewed, revoked

pytestmark = pytest.mark.django_db
OLD = {"granted_at": ago(91), "first_seen_at": ago(91)}


def standing(asset: Asset | None = None, **fields: Any) -> Entitlement:
    """Return standing access of long ago, shown by a source that was read at NOW."""
    source = fields.pop("source", None) or make_source()
    return make_entitlement(make_identity(source=source), **{"asset": asset or make_asset(), **OLD, **fields})


def of(access: Any) -> Asset:
    """Return the asset of some access."""
    assert access.asset is not None
    return access.asset  # type: ignore[no-any-return]


@pytest.mark.parametrize("check_id", ["ID-11", "ID-12"])
def test_an_asset_without_access_is_in_no_count(check_id: str) -> None:
    """Nothing stands and nothing was revoked, so there is nothing to ask."""
    assert said(check_id, make_asset()) == "out of scope"
    assert said("ID-12", of(standing())) == "out of scope"


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        ([], "failing never_reviewed"),
        ([(ago(90), {})], "met"),
        ([(ago(90, 1), {})], "failing overdue"),
        ([(ago(400), {}), (ago(1), {})], "met"),
        ([(ago(1), {"choice": "revoke", "state": "failed"})], "met"),
        ([(ago(1), {"state": "verified", "choice": "revoke"})], "met"),
        ([(ago(1), {"state": "decided"})], "failing never_reviewed"),
        ([(ago(1), {"state": "moot"})], "failing never_reviewed"),
        ([(ago(1), {"defaulted": True})], "failing nobody_answered"),
        ([(ago(1), {"defaulted": True}), (ago(80), {})], "met"),
        ([(ago(1), {"defaulted": True}), (ago(91), {})], "failing nobody_answered"),
        ([(ago(99), {"defaulted": True})], "failing never_reviewed"),
    ],
)
def test_who_answered_last_and_when(answered: list[tuple[datetime, dict[str, Any]]], expected: str) -> None:
    """Exactly the allowed days is in time; only a sealed answer of a person is one."""
    access = standing()
    for at, fields in answered:
        reviewed(access, at, **fields)
    assert said("ID-11", of(access)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"granted_at": ago(90), "first_seen_at": ago(1)}, "met not_due"),
        ({"granted_at": ago(90, 1), "first_seen_at": ago(1)}, "failing never_reviewed"),
        ({"granted_at": None, "first_seen_at": ago(90)}, "not_evaluated age_unknown"),
        ({"granted_at": None, "first_seen_at": ago(90, 1)}, "failing never_reviewed"),
        ({"expires_at": NOW}, "not_applicable access_ended"),
        ({"gone_at": NOW}, "out of scope"),
        ({"on_ai": "no"}, "out of scope"),
        ({"on_ai": "unknown"}, "failing never_reviewed"),
    ],
)
def test_since_when_it_stands(fields: dict[str, Any], expected: str) -> None:
    """What is new is not due; of what age is not known, that is not known either, and never met."""
    assert said("ID-11", of(standing(**fields))) == expected


def test_the_worst_of_an_assets_access_decides() -> None:
    """One of many is enough, and the evidence counts them."""
    asset = make_asset()
    for _ in range(3):
        reviewed(standing(asset), ago(1))
    assert said("ID-11", asset) == "met"
    standing(asset)
    answer = answers("ID-11")[asset.pk]
    assert (answer.outcome, answer.reason) == ("failing", "never_reviewed")
    assert (answer.evidence["standing_access"], answer.evidence["not_reviewed_in_time"]) == (4, 1)
    assert said("ID-11", asset, days=92) == "met not_due"


@pytest.mark.parametrize("at", [None, ago(30, 1)])
def test_a_source_read_long_ago_tells_nothing(at: datetime | None) -> None:
    """Neither that access stands nor that it was reviewed; its last list counts, not only its last import."""
    access = standing(source=make_source(observed_at=at))
    assert said("ID-11", of(access)) == "not_evaluated stale"
    reviewed(access, ago(1))
    assert said("ID-11", of(access)) == "not_evaluated stale"
    other = standing()
    make_coverage(other.source, "entitlement", observed_at=ago(30, 1))
    assert said("ID-11", of(other)) == "not_evaluated stale"
    Coverage.objects.update(observed_at=ago(30))
    assert said("ID-11", of(other)) == "failing never_reviewed"


def test_whose_access_is_in_no_count() -> None:
    """Of disabled and gone accounts, and of retired sources."""
    accesses = [standing() for _ in range(4)]
    Identity.objects.filter(pk=accesses[0].identity_id).update(enabled="no")
    Identity.objects.filter(pk=accesses[1].identity_id).update(gone_at=NOW)
    Source.objects.filter(pk=accesses[2].source_id).update(retired_at=NOW)
    found = [said("ID-11", of(access)) for access in accesses]
    assert found == [*["out of scope"] * 3, "failing never_reviewed"]


@pytest.mark.parametrize(
    ("asked", "imported", "expected"),
    [
        (ago(3), ago(1), "met in_time"),
        (ago(3, 1), ago(1), "failing still_there"),
        (ago(3, 1), ago(3, 1), "not_evaluated not_seen"),
        (ago(3, 1), ago(3), "failing still_there"),
        (ago(3, 1), ago(9), "not_evaluated not_seen"),
        (ago(3, 1), None, "not_evaluated not_seen"),
    ],
)
def test_revoked_and_shown_since(asked: datetime, imported: datetime | None, expected: str) -> None:
    """Only an import made after the removal was asked for tells that access is there; none is no proof of absence."""
    access = standing()
    if imported is not None:
        make_coverage(access.source, "entitlement", observed_at=imported)
    revoked(access, asked)
    assert said("ID-12", of(access)) == expected
    Item.objects.update(state="failed")
    assert said("ID-12", of(access)) == expected
    Entitlement.objects.update(gone_at=NOW)
    assert said("ID-12", of(access)).startswith("met")


def test_the_days_are_a_parameter() -> None:
    access = standing()
    make_coverage(access.source, "entitlement")
    revoked(access, ago(5))
    assert [said("ID-12", of(access), days=days) for days in (4, 5)] == ["failing still_there", "met in_time"]
    for check_id, values in (("ID-11", (0, 731)), ("ID-12", (0, 91))):
        for value in values:
            with pytest.raises(Invalid):
                CHECKS[check_id].parsed({"days": value})


def test_access_that_came_back() -> None:
    """Shown again by an import after the proof, until somebody decides on it anew."""
    access = standing()
    cover = make_coverage(access.source, "entitlement", observed_at=ago(20))
    Entitlement.objects.update(gone_at=ago(20))
    revoked(access, ago(30), state="verified", ended_at=ago(20))
    assert said("ID-12", of(access)) == "met"
    Entitlement.objects.update(gone_at=None)
    assert said("ID-12", of(access)) == "met", "no import since"
    cover.observed_at = ago(19)
    cover.save()
    assert said("ID-12", of(access)) == "failing came_back"
    reviewed(access, ago(1), state="open", decision="")
    assert said("ID-12", of(access)) == "failing came_back", "a review that is open decides nothing"
    reviewed(access, ago(1))
    assert said("ID-12", of(access)) == "met"


def test_access_that_stays_because_its_risk_was_accepted() -> None:
    """It is there, so it is not met; once it is gone, or decided on anew, nothing is held against the asset."""
    access = standing()
    revoked(access, ago(2), state="risk_accepted", ended_at=ago(1))
    assert said("ID-12", of(access)) == "failing risk_accepted"
    Entitlement.objects.update(gone_at=NOW)
    assert said("ID-12", of(access)) == "met"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": "ending", "observed": "present"}, "failing still_there"),
        ({"state": "ending", "observed": "unknown"}, "not_evaluated not_seen"),
        ({"state": "ended", "observed": "absent"}, "met in_time"),
    ],
)
def test_a_revoked_grant(fields: dict[str, Any], expected: str) -> None:
    """By what was last seen at its target."""
    grant = given(make_asset(), ago(20), **fields)
    revoked(grant, ago(4))
    assert said("ID-12", of(grant)) == expected


def test_one_that_is_still_there_outweighs_one_that_was_not_seen() -> None:
    """And neither says anything of another asset."""
    asset, other = make_asset(), make_asset()
    there = standing(asset)
    make_coverage(there.source, "entitlement")
    revoked(there, ago(4))
    revoked(standing(asset), ago(4))
    revoked(standing(other), LONG_AGO)
    assert [said("ID-12", one) for one in (asset, other)] == ["failing still_there", "not_evaluated not_seen"]
