"""Where a request comes from, and whether the glass is broken: policies are asked with what is so."""

from datetime import timedelta

import pytest

from apps.access.models import Grant, PolicyVersion
from apps.access.policies.language import default_texts, digest_of
from apps.access.services.carrying import carry
from apps.access.services.emergency import break_glass, confirm_permit, permit
from apps.access.states import GrantState
from apps.audit.models import Entry
from apps.audit.queries.events import describe
from apps.core import clock
from apps.core.errors import Forbidden
from tests.access.asking import TIER_3, World, build
from tests.access.policies.asked import policy
from tests.access.test_emergency import passkey
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast: Cast) -> World:
    """An asset of tier 3 with a confirmed owner."""
    return build(cast)


def _forbid(when: str, reason: str) -> None:
    newest = PolicyVersion.objects.order_by("-number").values_list("number", flat=True).first() or 0
    texts = {**default_texts(), "extra": policy(f"forbid (principal, action, resource) when {{ {when} }};", reason)}
    PolicyVersion.objects.create(
        number=newest + 1, texts=texts, digest=digest_of(texts), in_force_at=clock.now() - timedelta(minutes=1)
    )


@pytest.mark.parametrize(("origin", "other"), [("authzen", "api"), ("api", "page"), ("page", "authzen")])
def test_a_policy_about_the_origin_sees_the_one_of_the_request(world: World, origin: str, other: str) -> None:
    _forbid(f'context.origin == "{origin}"', "Not from there")
    with pytest.raises(Forbidden, match="Not from there"):
        world.ask(operation=TIER_3, origin=origin)
    assert world.ask(operation=TIER_3, origin=other).state == "approved"


def test_a_grant_begins_by_the_origin_of_its_request(world: World) -> None:
    """Asked again at its start, nobody sits before it; it still came from where it came from."""
    request = world.ask(operation=TIER_3, origin="authzen", start_at=clock.now() + timedelta(hours=1))
    _forbid('context.origin == "authzen"', "Not from there")
    grant = Grant.objects.get(request=request)
    with clock.shifted(timedelta(minutes=61)):
        carry(grant.pk)
    grant.refresh_from_db()
    assert (grant.state, grant.last_problem) == (GrantState.SCHEDULED, "Not from there")


def test_emergency_access_is_asked_as_one(world: World, cast: Cast) -> None:
    """It is given all the same, and the review reads what the policies said about it."""
    until = clock.now().date() + timedelta(days=9)
    made = permit(actor=cast.actor("security_admin"), user=cast.users["engineer"], until_on=until).value
    confirm_permit(actor=cast.actor("second_admin"), permit=made)
    _forbid("context.emergency", "No emergency here")
    break_glass(
        actor=passkey(cast, "engineer"), asset=world.asset, operation=TIER_3, minutes=30, reason="It answers nonsense"
    )
    entry = Entry.objects.select_related("details").get(action="access.emergency.used")
    assert "No emergency here" in str(describe(entry))
