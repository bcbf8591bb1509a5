"""Standing access at a connected target: taken away only through a binding that knows the account, and looked for."""

from typing import Any

import pytest

from apps.access.models import Binding
from apps.access.provisioning.registry import PROVISIONERS
from apps.access.queries import standing
from apps.access.queries.standing import removable_standing
from apps.access.services.standing import remove_standing
from apps.inventory.models import Entitlement, Source
from tests.access.grants import FAKE, FakeTarget, carried, make_holder, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import make_asset, make_connection, make_entitlement, make_identity, make_source


@pytest.fixture
def source(db: None) -> Source:
    return make_source(format="mlflow-auth")


@pytest.fixture
def row(source: Source, monkeypatch: pytest.MonkeyPatch) -> Entitlement:
    """Standing EDIT of `jonas` at a target in memory that a binding reaches."""
    asset = make_asset(tier=3, tier_confirmed=True)
    use_fake(monkeypatch, asset)
    monkeypatch.setattr(standing, "TAKES_STANDING", (FAKE,))
    settings = {"account": "identity", "source": str(source.pk)}
    Binding.objects.update(connection=make_connection(), settings=settings)
    return make_entitlement(make_identity(source=source, login="jonas"), asset=asset, operation="EDIT")


def target_of(row: Entitlement) -> Any:
    return PROVISIONERS[FAKE]


def test_it_is_taken_away_and_seen_gone(row: Entitlement) -> None:
    """Only this account's row on this resource; doing it again changes nothing."""
    target: FakeTarget = target_of(row)
    name = row.asset.name if row.asset else ""
    target.access = {("jonas", name): {"EDIT"}, ("jonas", "other"): {"READ"}, ("mara", name): {"READ"}}
    assert list(removable_standing()) == [row]
    taken = remove_standing(row)
    assert taken.gone and not taken.problem and remove_standing(row).gone
    assert target.access == {("jonas", name): set(), ("jonas", "other"): {"READ"}, ("mara", name): {"READ"}}


@pytest.mark.parametrize("fault", ["lie", "fail", "lost"])
def test_only_looking_tells_that_it_is_gone(row: Entitlement, fault: str) -> None:
    """A target that lies or hangs up is not believed; one whose answer was lost is."""
    target: FakeTarget = target_of(row)
    target.access = {("jonas", row.asset.name if row.asset else ""): {"EDIT"}}
    target.faults = [fault]
    taken = remove_standing(row)
    assert taken.gone == (fault == "lost") and bool(taken.problem) == (fault != "lost")


def test_what_no_binding_reaches_is_left_alone(row: Entitlement) -> None:
    """Another source, a role's or a default's row, a gone one, a binding that is off: nothing is called."""
    target: FakeTarget = target_of(row)
    for change in ({"source": make_source()}, {"how": "role"}, {"how": "default"}):
        before = {name: getattr(row, name) for name in change}
        Entitlement.objects.filter(pk=row.pk).update(**change)
        row.refresh_from_db()
        assert not removable_standing().exists() and not remove_standing(row).gone
        Entitlement.objects.filter(pk=row.pk).update(**before)
        row.refresh_from_db()
    Binding.objects.update(enabled=False)
    assert not removable_standing().exists() and "No connected target" in remove_standing(row).problem
    assert target.calls == []


def test_a_grant_that_found_it_comes_first(row: Entitlement, cast: Cast) -> None:
    """Its end would put the standing row back."""
    assert row.asset is not None
    holder = make_holder(cast.users["engineer"])
    row.identity.person = holder.person  # type: ignore[attr-defined]
    row.identity.save()
    grant = carried(open_grant(make_request(holder, row.asset)))
    assert grant.account == "jonas"
    taken = remove_standing(row)
    assert not taken.gone and "has not ended" in taken.problem
