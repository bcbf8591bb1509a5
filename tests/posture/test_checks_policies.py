"""ID-15: full access to AI services. ID-16: outsiders on confidential assets."""

from typing import Any

import pytest

from apps.core.errors import Invalid
from apps.inventory.models import Identity
from apps.posture.spec import CHECKS
from tests.factories import NOW, make_asset, make_coverage, make_entitlement, make_identity, make_person, make_source
from tests.posture.judging import LONG_AGO, answers, said

pytestmark = pytest.mark.django_db
ID_15, ID_16 = "ID-15", "ID-16"
OPEN = {"full_access": "unknown", "not_evaluated": "a condition on aws:SourceIp"}
LOST = {"full_access": "unknown", "on_ai": "unknown", "not_evaluated": "its document is not in these files"}


def account(**fields: Any) -> Identity:
    """Return an account of a cloud that tells AI access."""
    return make_identity(**{"source": make_source(brings_ai_entitlements=True), **fields})


@pytest.mark.parametrize(
    ("fields", "accesses", "expected"),
    [
        ({}, [{"full_access": "yes"}], "failing full_access"),
        ({}, [{"full_access": "no"}], "met"),
        ({}, [{"full_access": "no"}, {"full_access": "yes"}], "failing full_access"),
        ({}, [OPEN], "not_evaluated conditions"),
        ({}, [{"full_access": "yes"}, OPEN], "failing full_access"),
        ({}, [LOST], "not_evaluated policy_unknown"),
        ({}, [LOST, {"full_access": "no"}], "not_evaluated policy_unknown"),
        ({}, [{"full_access": "yes", "on_ai": "no"}], "out of scope"),
        ({}, [{"full_access": "yes", "gone_at": NOW}], "out of scope"),
        ({"enabled": "no"}, [{"full_access": "yes"}], "out of scope"),
        ({"gone_at": NOW}, [{"full_access": "yes"}], "out of scope"),
        ({"kind": "workload"}, [{"full_access": "yes"}], "failing full_access"),
        ({}, [], "out of scope"),
    ],
)
def test_full_access(fields: dict[str, Any], accesses: list[dict[str, Any]], expected: str) -> None:
    """Given for everything, for something, or not known."""
    identity = account(**fields)
    for access in accesses:
        make_entitlement(identity, **access)
    assert said(ID_15, identity) == expected


def test_full_access_of_a_source_that_does_not_tell_it() -> None:
    """A directory is not asked; who is known to have full access is."""
    guest = make_identity(source=make_source())
    make_entitlement(guest, full_access="unknown", privileged="yes")
    assert said(ID_15, guest) == "out of scope"
    make_entitlement(guest, full_access="yes")
    assert said(ID_15, guest) == "failing full_access"


def test_who_may_have_it_is_named() -> None:
    """By name, exactly; the way that gives it stands in the evidence."""
    root, other = account(name="break-glass"), account(name="break-glass-2")
    for identity in (root, other):
        make_entitlement(identity, full_access="yes", via="policy AdministratorAccess")
    found = answers(ID_15, allowed="break-glass")
    assert (found[root.pk].outcome, found[root.pk].reason) == ("met", "named")
    assert (found[other.pk].outcome, found[other.pk].evidence["by"]) == ("failing", "policy AdministratorAccess")


@pytest.mark.parametrize("check", [ID_15, ID_16])
def test_what_was_read_long_ago_is_stale(check: str) -> None:
    """The source, or only its list of access."""
    old = account(source=make_source(brings_ai_entitlements=True, observed_at=LONG_AGO), kind="guest")
    listed = account(kind="guest")
    make_coverage(listed.source, "entitlement", observed_at=LONG_AGO)
    for identity in (old, listed):
        make_entitlement(identity, full_access="yes", asset=make_asset(tier=1))
        assert said(check, identity) == "not_evaluated stale"


@pytest.mark.parametrize(
    ("fields", "asset", "expected"),
    [
        ({"kind": "guest"}, {"classification": "Confidential"}, "failing confidential"),
        ({"external": "yes"}, {"classification": "customer data"}, "failing confidential"),
        ({"external": "yes", "kind": "workload"}, {"tier": 1}, "failing confidential"),
        ({"kind": "guest"}, {"tier": 2}, "met"),
        ({"kind": "guest"}, {"classification": "internal"}, "met"),
        ({"kind": "guest"}, {"classification": "non-confidential"}, "met"),
        ({"kind": "guest"}, {}, "not_evaluated not_classified"),
        ({"kind": "guest"}, None, "not_evaluated scope_unknown"),
        ({"kind": "human"}, {"classification": "confidential"}, "out of scope"),
        ({"external": "unknown"}, {"classification": "confidential"}, "out of scope"),
        ({"kind": "guest", "enabled": "no"}, {"classification": "confidential"}, "out of scope"),
        ({"kind": "guest", "gone_at": NOW}, {"classification": "confidential"}, "out of scope"),
    ],
)
def test_outsiders(fields: dict[str, Any], asset: dict[str, Any] | None, expected: str) -> None:
    """Guests and accounts that outsiders may take, on what is known to be confidential, known not to be, or unknown."""
    identity = account(**fields)
    make_entitlement(identity, asset=None if asset is None else make_asset(**asset))
    assert said(ID_16, identity) == expected


def test_a_version_is_as_confidential_as_its_model() -> None:
    identity = account(kind="guest")
    model = make_asset(classification="restricted")
    make_entitlement(identity, asset=make_asset(kind="model_version", parent=model))
    assert said(ID_16, identity) == "failing confidential"


def test_a_guest_is_judged_by_all_accounts_of_the_person() -> None:
    """The directory tells that they are a guest, the registry what they reach."""
    person = make_person()
    guest = make_identity(kind="guest", person=person, source=make_source())
    stranger = make_identity(kind="guest", source=make_source())
    other = account(person=person)
    make_entitlement(other, asset=make_asset(classification="secret"))
    assert said(ID_16, guest) == "failing confidential"
    assert answers(ID_16)[guest.pk].evidence["over_another_account"] == "yes"
    assert said(ID_16, stranger) == "not_evaluated access_unknown"
    assert said(ID_16, other) == "out of scope"


def test_what_is_confidential_is_a_parameter() -> None:
    """Words and tier; without both nothing is, and that is then not met either where nobody classified."""
    identity = account(kind="guest")
    make_entitlement(identity, asset=make_asset(classification="board only", tier=2))
    assert said(ID_16, identity) == "met"
    assert said(ID_16, identity, words="board") == "failing confidential"
    assert said(ID_16, identity, tier=2) == "failing confidential"
    assert said(ID_16, identity, words="", tier=0) == "met"
    with pytest.raises(Invalid):
        CHECKS[ID_16].parsed({"tier": 4})
