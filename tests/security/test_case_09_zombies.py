"""Case 9: an approval of what is no longer there: the requester was disabled, the asset was made anew."""

import pytest

from apps.access.models import AccessRequest, Grant
from apps.access.services.due import resolve_gone
from apps.access.states import RequestState
from apps.accounts.services.people import deactivate_user, reactivate_user
from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Conflict
from apps.inventory.models import Asset
from tests.access.asking import World, build
from tests.cast import Cast
from tests.factories import make_asset
from tests.security.test_case_06_self_approval import at_a_session


@pytest.fixture
def world(cast: Cast) -> World:
    """An asset of tier 3 with a confirmed owner."""
    return build(cast)


def approved_late(world: World, request: AccessRequest, digest: str) -> int:
    """Approve on the page that was open all the while; return the status."""
    posted = {"do": "approve", "digest": digest, "text": "Fine by me"}
    answer = at_a_session(world.user("owner")).post(f"/approvals/REQ-{request.pk}", posted)
    assert "Approved" not in answer.content.decode()
    return answer.status_code


def test_case_09_a_disabled_requester_gets_nothing(world: World) -> None:
    """Nor does coming back bring the request back."""
    request = world.ask()
    digest, admin = world.shown(request), world.actor("security_admin")
    deactivate_user(actor=admin, user=world.user("engineer"))
    assert approved_late(world, request, digest) == 409
    reactivate_user(actor=admin, user=world.user("engineer"))
    assert approved_late(world, request, digest) == 409
    assert world.fresh(request).state == RequestState.CANCELLED and not Grant.objects.exists()


def test_case_09_an_asset_made_anew_is_another_one(world: World) -> None:
    """Same name, same kind, same owner: the approval of the old one gives nothing on the new one."""
    request = world.ask()
    digest, old = world.shown(request), world.asset
    Asset.objects.filter(pk=old.pk).update(gone_at=clock.now())
    new = make_asset(name=old.name, tier=3, tier_confirmed=True, owner=old.owner, team=old.team)
    assert new.pk != old.pk and str(new) == str(old)
    assert approved_late(world, request, digest) == 409
    resolve_gone(actor=system("test"))
    assert approved_late(world, request, digest) == 409
    with pytest.raises(Conflict):
        world.approve("owner", request, digest=digest)
    assert world.fresh(request).state == RequestState.CANCELLED and not Grant.objects.exists()
