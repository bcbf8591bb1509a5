"""Access that only imports show: removed by a person, proven by the next import, never by that person's word."""

from datetime import timedelta
from pathlib import Path

import pytest

from apps.core import clock
from apps.core.actor import system
from apps.inventory.models import Entitlement
from apps.inventory.services.intake import import_files
from apps.reviews.models import Campaign, Item, Proof
from apps.reviews.services.reconciling import prove_all
from apps.reviews.services.removal import done_by_hand, remove_due
from apps.reviews.services.watching import look
from apps.reviews.states import ItemState, Reason, Trigger, Way
from tests.access.grants import ACTOR
from tests.cast import Cast
from tests.inventory.given import put_all
from tests.inventory.iam import ACCOUNT, Row, allow, document, export, user
from tests.reviews.world import World, build

FORMAT = "aws-iam-authorization-details"


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast, kind="endpoint", name="churn-endpoint")


def dump(world: World, *, still: bool) -> Row:
    """Return the account: an engineer who may call the endpoint, or may no more, and somebody else who may."""
    place = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:endpoint/churn-endpoint"
    calls = [{"PolicyName": "calls", "PolicyDocument": document(allow("sagemaker:InvokeEndpoint", place))}]
    return export(
        user(world.user("engineer").email, UserPolicyList=calls if still else []),
        user(world.user("owner").email, UserPolicyList=calls),
    )


def arrives(world: World, folder: Path, *, hours: float, still: bool) -> None:
    """Import the account as it is so many hours from now, and look what that proves."""
    with clock.shifted(timedelta(hours=hours)):
        files = put_all(folder / str(hours), {"account.json": dump(world, still=still)})
        import_files(actor=ACTOR, format=FORMAT, files=files, source_name="aws", observed_at=clock.now())
        prove_all()


def revoked(world: World) -> Item:
    """Return the engineer's access, revoked by the manager and sealed; the owner's was kept."""
    campaign = world.opened()
    for row in Item.objects.filter(campaign=campaign):
        mine = row.holder_user == world.user("engineer")
        world.decide("manager", row, "revoke" if mine else "keep")
    world.sign("manager", campaign)
    return Item.objects.get(campaign=campaign, decision="revoke")


def state(row: Item) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, Campaign.objects.get(pk=row.campaign_id).state


def test_a_revoke_of_imported_access_is_verified_by_the_next_import(world: World, tmp_path: Path) -> None:
    """The asset's owner has the task, with a day; nothing but the import that no longer shows it is proof."""
    arrives(world, tmp_path, hours=0, still=True)
    assert set(Entitlement.objects.values_list("asset__name", flat=True)) == {"churn-endpoint"}
    row = revoked(world)
    removal = row.removal
    assert (removal.way, removal.owner) == (Way.TASK, world.user("owner"))
    assert removal.due_at - removal.asked_at == timedelta(days=row.campaign.removal_days)
    assert remove_due() == 0
    done_by_hand(actor=world.actor("owner"), removal=removal, proof="Detached the policy")
    prove_all()
    assert state(row) == (ItemState.REMEDIATING, "verifying")
    arrives(world, tmp_path, hours=1, still=False)
    assert state(row) == (ItemState.VERIFIED, "closed")
    assert list(Proof.objects.values_list("seen", flat=True)) == ["asked", "done", "absent"]


def test_the_next_import_that_still_shows_it_fails_the_removal(world: World, tmp_path: Path) -> None:
    """With an alarm, and the campaign stays open; mended, the import after it verifies it."""
    arrives(world, tmp_path, hours=0, still=True)
    row = revoked(world)
    done_by_hand(actor=world.actor("owner"), removal=row.removal, proof="Detached the policy")
    arrives(world, tmp_path, hours=1, still=True)
    assert state(row) == (ItemState.FAILED, "verifying")
    for name in ("ciso", "security_admin"):
        assert world.user(name).notices.filter(kind="reviews.removal.overdue").count() == 1
    arrives(world, tmp_path, hours=2, still=False)
    assert state(row) == (ItemState.VERIFIED, "closed")
    assert list(Proof.objects.values_list("seen", flat=True)) == ["asked", "done", "overdue", "absent"]


def test_what_comes_back_after_its_verified_removal_is_reviewed_again(world: World, tmp_path: Path) -> None:
    """One item, to look at closely, once; while it stays away nothing opens."""
    arrives(world, tmp_path, hours=0, still=True)
    row = revoked(world)
    arrives(world, tmp_path, hours=1, still=False)
    assert state(row) == (ItemState.VERIFIED, "closed")
    with clock.shifted(timedelta(hours=2)):
        assert look(actor=system("reconciler"), now=clock.now()).value == 0
    arrives(world, tmp_path, hours=3, still=True)
    with clock.shifted(timedelta(hours=4)):
        assert look(actor=system("reconciler"), now=clock.now()).value == 1
        assert look(actor=system("reconciler"), now=clock.now()).value == 0
    again = Item.objects.get(campaign__trigger=Trigger.RETURNED)
    assert (again.subject_id, again.pile, again.campaign.items_count) == (row.subject_id, "close", 1)
    assert Reason.RETURNED in again.reason_list and again.campaign.state == "active"
