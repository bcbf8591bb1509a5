"""Where exceptions are asked for and seen: a grant's page, an asset's access, the list of findings."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.governance.models import RiskException
from apps.inventory.models import Asset, Entitlement
from apps.posture.services.taking_up import take_up_exceptions
from tests.access.grants import make_request, open_grant
from tests.cast import Cast
from tests.factories import make_asset, make_entitlement, make_identity
from tests.governance.accepting import World

pytestmark = pytest.mark.django_db
ASK = "Ask for an exception"


@pytest.fixture
def asset(world: World, cast: Cast) -> Asset:
    """An asset of the owner's."""
    person = cast.users["owner"].person  # type: ignore[attr-defined]
    return make_asset(tier=3, tier_confirmed=True, owner=person, owner_confirmed_at=clock.now(), team=person.team)


def about(row: RiskException, kind: str, key: str) -> RiskException:
    """Return another exception like this one, about something else."""
    own = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key}
    return RiskException.objects.create(**{**own, "number": row.number + 1, "kind": kind, "key": key})


def test_the_owner_of_the_asset_asks_from_the_grant(world: World, asset: Asset, cast: Cast, signed_in: Any) -> None:
    """The holder, the CISO and the auditor see the grant and no such button; once asked for, all see the exception."""
    grant = open_grant(make_request(cast.users["engineer"], asset))
    page, link = f"/access/G-{grant.pk}", f"/exceptions/new?grant=G-{grant.pk}"
    assert link in signed_in("owner").get(page).content.decode()
    assert signed_in("owner").get(link).status_code == 200
    for name in ("engineer", "ciso", "security_admin", "auditor"):
        answer = signed_in(name).get(page)
        assert answer.status_code == 200 and ASK not in answer.content.decode()
    row = about(world.ask(), "grant", str(grant.pk))
    for name in ("owner", "engineer"):
        text = signed_in(name).get(page).content.decode()
        assert f"/exceptions/EX-{row.number}" in text and ASK not in text


def test_a_grant_that_is_over_is_not_asked_about(asset: Asset, cast: Cast, signed_in: Any) -> None:
    grant = open_grant(make_request(cast.users["engineer"], asset))
    type(grant).objects.filter(pk=grant.pk).update(state="ended", observed="absent")
    assert ASK not in signed_in("owner").get(f"/access/G-{grant.pk}").content.decode()


def test_the_owner_asks_from_the_access_of_their_asset(
    world: World, asset: Asset, signed_in: Any, django_assert_max_num_queries: Any
) -> None:
    """Row by row, without a query for each; who does not own it has no such column until an exception stands."""
    holders = [world.subject, *(make_identity(name=f"n{number}") for number in range(11))]
    rows = [make_entitlement(holder, asset=asset) for holder in holders]
    page, owner = f"/assets/{asset.kind}/{asset.slug}/access", signed_in("owner")
    with django_assert_max_num_queries(45):
        text = owner.get(page).content.decode()
    assert text.count(ASK) == 12 and f"/exceptions/new?entitlement={rows[0].pk}" in text
    assert owner.get(f"/exceptions/new?entitlement={rows[0].pk}").status_code == 200
    assert ">Exception<" not in signed_in("auditor").get(page).content.decode()
    row = world.ask(kind="entitlement", key=str(rows[0].pk))
    assert owner.get(page).content.decode().count(ASK) == 11
    for name in ("auditor", "ciso"):
        text = signed_in(name).get(page).content.decode()
        assert f"/exceptions/EX-{row.number}" in text and ASK not in text
    Asset.objects.filter(pk=asset.pk).update(owner_confirmed_at=None)
    assert ASK not in owner.get(page).content.decode()
    assert Entitlement.objects.filter(asset=asset).count() == 12


def test_findings_are_listed_by_what_is_accepted(world: World, signed_in: Any) -> None:
    """While the exception is in force; a wrong word is refused."""
    finding, client = world.finding(), signed_in("ciso")

    def listed(state: str) -> bool:
        return f"/findings/F-{finding.pk}" in client.get("/findings", {"state": state}).content.decode()

    assert not listed("accepted") and listed("open")
    world.active()
    take_up_exceptions()
    assert listed("accepted") and not listed("resolved")
    with clock.shifted(timedelta(days=21)):
        assert not listed("accepted")
    assert client.get("/findings", {"state": "forgiven"}).status_code == 400
