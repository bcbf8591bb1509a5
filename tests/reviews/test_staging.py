"""Staging: what a scope takes in, why each item lies in its pile, who is asked, and what the digests say."""

import hashlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import ApiToken, User
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.inventory.models import Asset
from apps.reviews.models import Campaign, Item
from apps.reviews.queries.digests import digest_of
from apps.reviews.services.campaigns import open_campaign, unstage
from apps.reviews.services.staging import stage
from apps.reviews.states import Pile, Reason, Routed
from tests.access.grants import make_request, open_grant
from tests.cast import Cast
from tests.factories import make_asset
from tests.reviews.world import BY_OWNER, World, build, peers


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def only(campaign: Campaign, **where: object) -> Item:
    return Item.objects.get(campaign=campaign, **where)


def test_items_are_what_stands(world: World) -> None:
    """Access in use at a source and live grants; not what is gone, over, disabled or beside AI."""
    kept = world.standing(world.people["engineer"])
    for wrong in (
        {"gone_at": clock.now()},
        {"expires_at": clock.now() - timedelta(days=1)},
        {"on_ai": "no"},
    ):
        world.standing(world.people["engineer"], **wrong)
    disabled = world.standing(world.people["engineer"])
    disabled.identity.enabled = "no"
    disabled.identity.save()
    grant = open_grant(make_request(world.user("engineer"), world.asset))
    campaign = world.staged()
    found = set(Item.objects.filter(campaign=campaign).values_list("subject_kind", "subject_id"))
    assert found == {("entitlement", kept.pk.hex), ("grant", str(grant.pk))}
    assert campaign.items_count == 2 and campaign.state == "staged"


@pytest.mark.parametrize(
    ("scope", "count"),
    [
        ({}, 3),
        ({"tiers": [3]}, 1),
        ({"kinds": ["dataset"]}, 1),
        ({"privileged_only": True}, 1),
        ({"non_human_only": True}, 1),
        ({"guests_only": True}, 1),
        ({"subjects": ["entitlement"]}, 3),
    ],
)
def test_scopes_narrow(world: World, scope: dict[str, object], count: int) -> None:
    """Each part narrows by itself; an empty one narrows nothing."""
    data = make_asset(kind="dataset", tier=2, tier_confirmed=True)
    world.standing(world.people["engineer"])
    world.standing(world.people["owner"], asset=data, privileged="yes", kind="guest")
    world.standing(None, asset=None, scope="*", kind="service")
    assert world.staged(scope=scope).items_count == count


def test_a_scope_of_assets_and_teams(world: World) -> None:
    """By the asset, and by the team of asset or person."""
    other = make_asset(name="other")
    world.standing(world.people["engineer"], asset=other)
    world.standing(world.people["outsider"], asset=other)
    world.standing(world.people["outsider"])
    assert world.staged(scope={"assets": [str(other.pk)]}).items_count == 2
    team = world.cast.teams["Model Engineering"].pk
    assert world.staged(scope={"teams": [team]}).items_count == 2


def test_an_empty_or_wrong_scope_is_refused(world: World) -> None:
    """With words; the draft stays a draft."""
    campaign = world.draft()
    with pytest.raises(Invalid, match="Nothing is in this scope"):
        stage(actor=world.actor("ciso"), campaign=campaign)
    campaign.refresh_from_db()
    assert campaign.state == "draft"
    for scope in ({"tiers": [7]}, {"kinds": ["spoon"]}, {"assets": ["x"]}, {"spoons": True}):
        with pytest.raises(Invalid):
            world.draft(scope=scope)


def test_what_governs_the_portal_is_reviewed(world: World) -> None:
    """Roles, managers, delegations, targets, policies, automatic routes and tokens, all to look at closely."""
    now = clock.now()
    ApiToken.objects.create(
        user=world.user("service"), name="export", prefix="p1", digest="0", created_at=now,
        created_by=world.user("ciso"), expires_at=now + timedelta(days=1),
    )  # fmt: skip
    campaign = world.staged(scope={"governance": True, "subjects": ["grant"]})
    kinds = set(Item.objects.filter(campaign=campaign).values_list("subject_kind", flat=True))
    assert kinds == {"role", "team_manager", "policy", "route", "api_token"}
    assert set(Item.objects.filter(campaign=campaign).values_list("pile", flat=True)) == {Pile.CLOSE}
    token = only(campaign, subject_kind="api_token")
    assert Reason.NEVER_USED in token.reason_list and token.reviewer != world.user("ciso")
    own = Item.objects.filter(campaign=campaign, subject_kind="role", holder_user=world.user("ciso"))
    assert own.get().reviewer in (world.user("security_admin"), world.user("second_admin"))


def test_reasons_and_piles(world: World) -> None:
    """Each reason is recorded for the item it is true of, and decides its pile."""
    now = clock.now()
    usual = peers(world, 5)
    rare = world.standing(world.people["engineer"], operation="train.run")
    old = peers(world, 5, operation="eval.run", last_used_at=now - timedelta(days=120))[0]
    risky = world.standing(world.people["engineer"], operation="model.deploy", privileged="yes")
    guest = world.standing(world.people["owner"], kind="guest")
    service = world.standing(None, kind="service")
    personal = world.standing(
        world.people["engineer"], asset=make_asset(classification="PII", owner=world.people["owner"])
    )
    nobodys = world.standing(world.people["engineer"], asset=make_asset())
    gone = world.standing(world.people["outsider"])
    gone.identity.person.status = "left"
    gone.identity.person.save()
    campaign = world.staged()

    def of(row: object) -> tuple[set[str], str]:
        item = only(campaign, subject_id=row.pk.hex)  # type: ignore[attr-defined]
        return {str(reason) for reason in item.reason_list}, item.pile

    assert of(usual[0]) == (set(), Pile.USUAL)
    assert of(rare) == ({Reason.RARE, Reason.DUTY}, Pile.CLOSE)
    assert of(old) == ({Reason.UNUSED}, Pile.UNNEEDED)
    assert {Reason.PRIVILEGED, Reason.DUTY} <= of(risky)[0] and of(risky)[1] == Pile.CLOSE
    assert Reason.EXTERNAL in of(guest)[0] and Reason.OWNERLESS in of(service)[0]
    assert Reason.PERSONAL in of(personal)[0] and Reason.OWNERLESS in of(nobodys)[0]
    assert Reason.LEAVER in of(gone)[0] and of(gone)[1] == Pile.CLOSE
    item = only(campaign, subject_id=usual[0].pk.hex)
    assert (item.peers_with, item.peers_of) == (5, 13)


def test_digests_are_the_same_here_and_there(world: World) -> None:
    """Every item's digest is recomputed from its columns, and the snapshot hash from the digests."""
    peers(world, 3, granted_at=clock.now(), privileged="yes", asset=Asset.objects.get())
    world.standing(None, asset=None, scope="größer 🗝, 7:x,", kind="agent", last_used_at=None)
    open_grant(make_request(world.user("engineer"), world.asset))
    campaign = world.staged()
    items = list(Item.objects.filter(campaign=campaign).order_by("number"))
    assert len(items) == 5 and all(item.digest == digest_of(item) for item in items)
    expected = hashlib.sha256("".join(f"{item.digest}\n" for item in items).encode()).hexdigest()
    assert campaign.snapshot_hash == expected


def test_the_manager_is_asked_first_and_nobody_about_their_own(world: World) -> None:
    """Manager, then owner, then the fallback; the rule's first choice is passed over where it is their own access."""
    by_manager = world.standing(world.people["engineer"])
    of_manager = world.standing(world.people["manager"])
    campaign = world.staged()
    assert only(campaign, subject_id=by_manager.pk.hex).reviewer == world.user("manager")
    item = only(campaign, subject_id=of_manager.pk.hex)
    assert (item.reviewer, item.routed) == (world.user("owner"), Routed.LADDER)
    owned = world.standing(world.people["owner"])
    second = world.staged(stages=BY_OWNER)
    assert only(second, subject_id=owned.pk.hex).reviewer == world.user("manager")


def test_staging_takes_the_same_statements_for_many(world: World) -> None:
    """Query budget: no statement per item."""
    peers(world, 2)
    with CaptureQueriesContext(
        connection,
    ) as few:
        world.staged()
    peers(world, 40)
    with CaptureQueriesContext(connection) as many:
        world.staged()
    assert len(many) <= len(few) <= 60


def test_only_what_was_previewed_opens(world: World) -> None:
    """Another hash, a preview thrown away, or items nobody may answer for: refused."""
    world.standing(world.people["engineer"])
    campaign = world.staged()
    with pytest.raises(Conflict):
        open_campaign(actor=world.actor("ciso"), campaign=campaign, snapshot_hash="0" * 64)
    before = campaign.snapshot_hash
    unstage(actor=world.actor("ciso"), campaign=campaign)
    with pytest.raises(Conflict):
        open_campaign(actor=world.actor("ciso"), campaign=campaign, snapshot_hash=before)
    assert not Item.objects.filter(campaign=campaign).exists()
    again = stage(actor=world.actor("ciso"), campaign=campaign).value
    User.objects.filter(pk=world.user("manager").pk).update(is_active=False)
    Item.objects.filter(campaign=again).update(reviewer=None)
    with pytest.raises(Invalid, match="Nobody may answer"):
        open_campaign(actor=world.actor("ciso"), campaign=again, snapshot_hash=again.snapshot_hash)
