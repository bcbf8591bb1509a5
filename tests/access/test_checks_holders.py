"""ID-02, ID-06 and ID-14: who holds privileged access, with which factors, until when, and how many of them."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core.errors import Invalid
from apps.inventory.models import Identity
from apps.posture.spec import CHECKS
from tests.access.holding import holder, holders_of, key, privileged
from tests.access.judged import given, someone
from tests.factories import (
    NOW,
    make_asset,
    make_coverage,
    make_entitlement,
    make_factor,
    make_identity,
    make_observation,
    make_person,
    make_source,
)
from tests.posture.judging import ago, answers, said

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=8)
KEY = {"type": "fido2SecurityKey", "strength": "phishing_resistant"}
PUSH = {"type": "microsoftAuthenticatorPush", "strength": "strong"}
SMS = {"type": "mobilePhone", "strength": "weak"}
MAIL = {"type": "email", "strength": "not_a_factor"}
AWS = {"type": "aws_mfa", "strength": "strong"}
NEW_KIND = {"type": "somethingNew", "strength": "weak"}


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ([KEY], "met"),
        ([KEY, MAIL], "met"),
        ([KEY, {**SMS, "active": "no"}], "met"),
        ([KEY, {**PUSH, "gone_at": NOW}], "met"),
        ([KEY, PUSH], "failing weaker_factor"),
        ([SMS], "failing weaker_factor"),
        ([PUSH, AWS, {**SMS, "active": "unknown"}], "failing weaker_factor"),
        ([], "failing no_factor"),
        ([MAIL], "failing no_factor"),
        ([{**KEY, "active": "no"}], "failing no_factor"),
        ([AWS], "not_evaluated kind_unknown"),
        ([KEY, AWS], "not_evaluated kind_unknown"),
        ([KEY, NEW_KIND], "not_evaluated kind_unknown"),
        ([KEY, {**SMS, "active": "unknown"}], "not_evaluated factor_unknown"),
        ([{**KEY, "active": "unknown"}], "not_evaluated factor_unknown"),
    ],
)
def test_which_factors(factors: list[dict[str, Any]], expected: str) -> None:
    """One that resists phishing, and nothing weaker beside it; what is not known is never met."""
    identity = holder()
    privileged(identity)
    for factor in factors:
        make_factor(identity, **factor)
    assert said("ID-02", identity) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "met"),
        ({"mfa_known": "unknown"}, "not_evaluated others_unknown"),
        ({"kind": "agent"}, "not_applicable not_a_person"),
        ({"kind": "service"}, "not_applicable not_a_person"),
        ({"password_sign_in": "no"}, "not_applicable no_password"),
        ({"password_sign_in": "unknown"}, "met"),
        ({"enabled": "no"}, "out of scope"),
        ({"enabled": "unknown"}, "met"),
        ({"gone_at": NOW}, "out of scope"),
    ],
)
def test_whose_factors(fields: dict[str, Any], expected: str) -> None:
    """People who sign in; one factor that is known is not all of them."""
    identity = holder(**fields)
    privileged(identity)
    key(identity)
    assert said("ID-02", identity) == expected


def test_nothing_known_of_the_factors_is_no_data() -> None:
    """Not failing, and not met."""
    identity = holder(mfa_known="unknown")
    privileged(identity)
    assert said("ID-02", identity) == "not_evaluated no_data"


def test_weaker_factors_that_a_policy_keeps_out_may_be_named() -> None:
    """Only those named."""
    identity = holder()
    privileged(identity)
    key(identity)
    make_factor(identity, **PUSH)
    assert said("ID-02", identity, allowed=["microsoftAuthenticatorPush"]) == "met"
    assert said("ID-02", identity, allowed="mobilePhone, voice") == "failing weaker_factor"


#: What one entitlement is, whether its source tells AI access apart; what ID-02 and ID-06 then say.
SCOPE: tuple[tuple[dict[str, str], bool, str, str], ...] = (
    ({"privileged": "yes", "on_ai": "yes"}, True, "met", "failing standing"),
    ({"privileged": "yes", "on_ai": "unknown"}, True, "met", "failing standing"),
    ({"privileged": "yes", "on_ai": "no"}, True, "out of scope", "out of scope"),
    ({"privileged": "yes", "on_ai": "no"}, False, "met", "failing standing"),
    ({"privileged": "no", "on_ai": "yes"}, True, "out of scope", "out of scope"),
    ({"privileged": "no", "on_ai": "no"}, False, "out of scope", "out of scope"),
    *(
        ({"privileged": "unknown", "on_ai": on_ai}, brings, *["not_evaluated privileged_unknown"] * 2)
        for on_ai, brings in (("yes", True), ("unknown", True), ("no", False), ("unknown", False))
    ),
)


@pytest.mark.parametrize(("access", "brings", "factors", "ends"), SCOPE)
def test_which_access(access: dict[str, str], brings: bool, factors: str, ends: str) -> None:
    """What reaches AI or may; in a directory that does not tell, every role that is privileged, or may be."""
    identity = holder(source=make_source(brings_ai_entitlements=brings))
    make_entitlement(identity, **access)
    key(identity)
    assert (said("ID-02", identity), said("ID-06", identity)) == (factors, ends)


@pytest.mark.parametrize(
    ("accesses", "expected"),
    [
        ([{"expires_at": LATER}], "met"),
        ([{"expires_at": LATER}, {}], "failing standing"),
        ([{"expires_at": LATER}, {"privileged": "unknown"}], "not_evaluated privileged_unknown"),
        ([{"expires_at": LATER, "privileged": "unknown"}], "not_evaluated privileged_unknown"),
        ([{"expires_at": LATER}, {"gone_at": NOW}], "met"),
        ([{}, {"privileged": "unknown"}], "failing standing"),
    ],
)
def test_standing_access(accesses: list[dict[str, Any]], expected: str) -> None:
    """One entitlement without an end is enough; a known failure outweighs what is not known."""
    identity = holder()
    for access in accesses:
        privileged(identity, **access)
    assert said("ID-06", identity) == expected


@pytest.mark.parametrize("check_id", ["ID-02", "ID-06"])
@pytest.mark.parametrize("kind", ["", "identity", "entitlement"])
@pytest.mark.parametrize(("seconds", "stale"), [(0, False), (1, True)])
def test_data_older_than_the_check_allows(check_id: str, kind: str, seconds: int, stale: bool) -> None:
    """Of the source, or of one of the lists that the answer rests on; exactly the limit is fresh."""
    old = ago(CHECKS[check_id].freshness_days, seconds)
    identity = holder(source=make_source(brings_ai_entitlements=True, observed_at=NOW if kind else old))
    privileged(identity)
    if kind:
        make_coverage(identity.source, kind, observed_at=old)
    assert (said(check_id, identity) == "not_evaluated stale") == stale


def account_of_a_holder(operation: str = "train.run", **fields: Any) -> Identity:
    """Return the account of somebody with a live grant."""
    user = someone()
    identity = holder(source=make_source(), person=make_person(user=user))
    given(make_asset(), NOW, **{"operation": operation, "expires_at": LATER, "holder": user, **fields})
    return identity


def test_people_with_a_live_grant_are_asked_for_their_factors() -> None:
    """Their access has an end as it is; a grant that is over, or of what is harmless, asks for nothing."""
    identity = account_of_a_holder()
    assert (said("ID-02", identity), said("ID-06", identity)) == ("failing no_factor", "met")
    assert answers("ID-06")[identity.pk].evidence["live_grants_of_person"] == 1
    for other in (account_of_a_holder("eval.run"), account_of_a_holder(state="ended", observed="absent")):
        assert {said("ID-02", other), said("ID-06", other)} == {"out of scope"}


@pytest.mark.parametrize(
    ("standing", "granted", "expected"),
    [
        (0, 0, "out of scope"),
        (1, 0, "failing too_few"),
        (1, 1, "met"),
        (2, 0, "met"),
        (8, 0, "met"),
        (9, 0, "failing too_many"),
        (7, 2, "failing too_many"),
        (0, 1, "met only_granted"),
        (0, 9, "failing too_many"),
    ],
)
def test_how_many_hold_it(standing: int, granted: int, expected: str) -> None:
    """Two to eight; an asset that is only granted for a time is not short of holders."""
    asset = make_asset()
    holders_of(asset, standing)
    for _ in range(granted):
        given(asset, NOW, operation="train.run", expires_at=LATER)
    assert said("ID-14", asset) == expected


def test_a_person_counts_once() -> None:
    """With two accounts, and with standing access and a grant; accounts of unknown people count each."""
    asset, user = make_asset(), someone()
    person = make_person(user=user)
    for _ in range(2):
        privileged(holder(person=person), asset=asset)
    given(asset, NOW, operation="train.run", expires_at=LATER, holder=user)
    assert said("ID-14", asset) == "failing too_few"
    privileged(holder(), asset=asset)
    assert said("ID-14", asset) == "met"


@pytest.mark.parametrize(
    ("known", "fields", "expected"),
    [
        (2, {"privileged": "unknown"}, "not_evaluated privileged_unknown"),
        (0, {"privileged": "unknown"}, "not_evaluated privileged_unknown"),
        (9, {"privileged": "unknown"}, "failing too_many"),
        (1, {"privileged": "no"}, "failing too_few"),
        (0, {"privileged": "no"}, "out of scope"),
        (1, {"gone_at": NOW}, "failing too_few"),
    ],
)
def test_access_that_may_be_privileged(known: int, fields: dict[str, Any], expected: str) -> None:
    """Too many stays too many; else the number is not known."""
    asset = make_asset()
    holders_of(asset, known)
    privileged(holder(), asset=asset, **fields)
    assert said("ID-14", asset) == expected


def test_disabled_accounts_hold_nothing() -> None:
    """Whether one is enabled may not be known: then it counts."""
    asset = make_asset()
    for enabled in ("no", "unknown", "yes"):
        privileged(holder(enabled=enabled), asset=asset)
    assert answers("ID-14")[asset.pk].evidence["standing_holders"] == 2


def test_an_administrator_of_the_server_is_a_second_holder() -> None:
    """Where that server shows the asset."""
    asset, source = make_asset(), make_source(brings_ai_entitlements=True)
    privileged(holder(source=source), asset=asset)
    privileged(holder(source=source), scope="*")
    assert said("ID-14", asset) == "failing too_few"
    make_observation(asset, source=source)
    assert said("ID-14", asset) == "met administrators"


@pytest.mark.parametrize(("seconds", "expected"), [(0, "met"), (1, "not_evaluated stale")])
def test_holders_read_long_ago(seconds: int, expected: str) -> None:
    """One old list is enough not to know the number."""
    asset, old = make_asset(), ago(CHECKS["ID-14"].freshness_days, seconds)
    holders_of(asset, 2)
    listed = holder()
    privileged(listed, asset=asset)
    make_coverage(listed.source, "entitlement", observed_at=old)
    assert said("ID-14", asset) == expected


def test_the_range_is_two_parameters() -> None:
    """Whose bounds never cross."""
    asset = make_asset()
    holders_of(asset, 4)
    assert said("ID-14", asset, most=3) == "failing too_many"
    assert said("ID-14", make_asset(), fewest=3) == "out of scope"
    for name, value in (("fewest", 4), ("most", 2), ("most", 501), ("fewest", -1)):
        with pytest.raises(Invalid):
            CHECKS["ID-14"].parsed({name: value})


def test_an_account_of_a_retired_source_is_in_no_count() -> None:
    """What nobody reads any more."""
    asset, identity = make_asset(), make_identity(source=make_source(retired_at=NOW))
    privileged(identity, asset=asset)
    said_of = {said("ID-02", identity), said("ID-06", identity), said("ID-14", asset)}
    assert said_of == {"out of scope"}
