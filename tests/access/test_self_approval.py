"""Nobody decides about access of their own: every trick by every path is refused, with its reason, and on record.

Case 6 of reliability.md §2, and invariants 2 and 3.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from apps.access.models import AccessRequest, Grant
from apps.access.services.delegations import delegate
from apps.access.services.votes import approve, deny, offer_less
from apps.access.states import RequestState
from apps.accounts.models import ApiToken, TeamMembership, User
from apps.accounts.services.roles import give_role
from apps.accounts.services.teams import set_member
from apps.audit.models import Details, Entry
from apps.core import clock
from apps.core.actor import Actor, Role, Strength, system
from apps.core.errors import Conflict, Forbidden
from apps.inventory.models import Asset
from apps.inventory.services.ownership import confirm_owner
from tests.access.asking import TIER_2, World, actor_of, build, link, make_user
from tests.cast import Cast
from tests.factories import make_asset, make_identity

#: What a trick does: make a request, and return it with who tries to decide and the words of the refusal.
Trick = Callable[[World], tuple[AccessRequest, Actor, str]]


@pytest.fixture
def world(cast: Cast) -> World:
    """An asset of tier 3 with a confirmed owner."""
    return build(cast)


def _own(world: World, name: str) -> None:
    """Make a member the confirmed owner, long before."""
    Asset.objects.filter(pk=world.asset.pk).update(owner=world.user(name).person)
    world.asset.refresh_from_db()


def requester_owns_it(world: World) -> tuple[AccessRequest, Actor, str]:
    """The owner asks, and a manager is asked instead."""
    return world.ask("owner"), world.actor("owner"), "party to this request"


def second_account_without_person(world: World) -> tuple[AccessRequest, Actor, str]:
    """A second account nobody linked could be anybody."""
    other = make_user("J Lindqvist", Role.MANAGER, world.cast.teams["Model Engineering"], manages=True, linked=False)
    Asset.objects.filter(pk=world.asset.pk).update(owner=None)
    world.asset.refresh_from_db()
    return world.ask(), actor_of(other), "linked to no person"


def second_account_by_its_mail(world: World) -> tuple[AccessRequest, Actor, str]:
    """Linked to another person, but an identity of the requester's person bears its mail."""
    other = make_user("J Lindqvist", Role.MANAGER, world.cast.teams["Model Engineering"], manages=True)
    make_identity(person=world.user("engineer").person, email=other.email.upper())
    Asset.objects.filter(pk=world.asset.pk).update(owner=None)
    world.asset.refresh_from_db()
    return world.ask(), actor_of(other), "asked for this yourself"


def own_service_account(world: World) -> tuple[AccessRequest, Actor, str]:
    """A bot decides nothing, whoever made it."""
    bot = world.user("service")
    link(bot)
    Asset.objects.filter(pk=world.asset.pk).update(owner=bot.person)
    world.asset.refresh_from_db()
    return world.ask(), actor_of(bot), "Only a person"


def keeper_of_the_service_account(world: World) -> tuple[AccessRequest, Actor, str]:
    """Whoever can act as the service account is not its sole approver."""
    bot, owner, now = world.user("service"), world.user("owner"), clock.now()
    ApiToken.objects.create(
        user=bot, name="ci", prefix="abcdefgh", digest="x", created_by=owner, created_at=now,
        expires_at=now + timedelta(days=1),
    )  # fmt: skip
    return world.ask(beneficiary=bot, operation="train.run"), world.actor("owner"), "keep the service account"


def delegate_of_the_requester(world: World) -> tuple[AccessRequest, Actor, str]:
    """Who decides for the requester while away does not decide about them."""
    now = clock.now()
    delegate(
        actor=world.actor("engineer"), to=world.user("owner"), from_at=now, until_at=now + timedelta(days=1), now=now
    )
    return world.ask(), world.actor("owner"), "You decide for Jonas"


def requester_stands_in_for_the_owner(world: World) -> tuple[AccessRequest, Actor, str]:
    """A delegation does not make the requester an approver of their own request."""
    now = clock.now()
    delegate(
        actor=world.actor("owner"), to=world.user("engineer"), from_at=now, until_at=now + timedelta(days=1), now=now
    )
    return world.ask(), world.actor("engineer"), "party to this request"


def group_just_joined(world: World) -> tuple[AccessRequest, Actor, str]:
    """A manager of the team since after the request."""
    Asset.objects.filter(pk=world.asset.pk).update(owner=None)
    world.asset.refresh_from_db()
    late = make_user("Late Comer", Role.MANAGER)
    request = world.ask()
    team = world.cast.teams["Model Engineering"]
    set_member(actor=system("test"), user=late, team=team, manages=True, now=request.created_at + timedelta(seconds=1))
    return request, actor_of(late), "younger than this request"


def role_just_given(world: World) -> tuple[AccessRequest, Actor, str]:
    """A team's manager whose role came after the request."""
    Asset.objects.filter(pk=world.asset.pk).update(owner=None)
    world.asset.refresh_from_db()
    late = make_user("Late Comer", Role.ENGINEER, world.cast.teams["Model Engineering"], manages=True)
    Group.objects.get_or_create(name=Role.MANAGER)
    request = world.ask()
    give_role(actor=system("test"), user=late, role=Role.MANAGER, now=request.created_at + timedelta(seconds=1))
    return request, actor_of(late), "younger than this request"


def owner_since_after_the_request(world: World) -> tuple[AccessRequest, Actor, str]:
    """An administrator makes a colleague the owner in between."""
    request = world.ask()
    confirm_owner(
        actor=world.actor("security_admin"), asset_id=world.asset.pk, person_id=world.user("outsider").person.pk,
        now=request.created_at + timedelta(seconds=1),
    )  # fmt: skip
    return request, world.actor("outsider"), "younger than this request"


def beneficiary_other_than_the_requester(world: World) -> tuple[AccessRequest, Actor, str]:
    """A manager asks for the owner, who would approve it; another manager is asked."""
    make_user("Second Manager", Role.MANAGER, world.cast.teams["Model Engineering"], manages=True)
    return world.ask("manager", beneficiary=world.user("owner")), world.actor("owner"), "party to this request"


def owner_of_the_agent(world: World) -> tuple[AccessRequest, Actor, str]:
    """An agent gets a tool on the word of its owner alone."""
    owner = world.user("owner").person
    agent = make_asset(
        kind="agent", tier=3, tier_confirmed=True, owner=owner, owner_confirmed_at=clock.now() - timedelta(days=9),
        team=world.cast.teams["Model Engineering"],
    )  # fmt: skip
    return world.ask(asset=agent, operation="agent.grant_tool"), world.actor("owner"), "own the agent"


def eligible_by_a_grant(world: World) -> tuple[AccessRequest, Actor, str]:
    """What a grant allows makes nobody an approver."""
    colleague = make_user("Holder Of Grants", Role.ENGINEER, world.cast.teams["Model Engineering"])
    held = AccessRequest.objects.get(
        pk=world.approve("owner", _asked_by(world, colleague)).pk,
    )
    assert Grant.objects.filter(request=held, holder=colleague).exists()
    return world.ask(), actor_of(colleague), "not among"


def _asked_by(world: World, user: User) -> AccessRequest:
    world.cast.users["colleague"] = user
    return world.ask("colleague")


def administrator(world: World) -> tuple[AccessRequest, Actor, str]:
    """An administrator of the portal is no approver by that."""
    return world.ask(), world.actor("security_admin"), "not among"


def the_system(world: World) -> tuple[AccessRequest, Actor, str]:
    """Neither is the system, nor the command line."""
    return world.ask(), system("cli"), "Only a person"


def by_token(world: World) -> tuple[AccessRequest, Actor, str]:
    """A token of the right approver decides nothing."""
    return world.ask(), world.actor("owner", strength=Strength.TOKEN), "token"


TRICKS: tuple[Trick, ...] = (
    requester_owns_it,
    second_account_without_person,
    second_account_by_its_mail,
    own_service_account,
    keeper_of_the_service_account,
    delegate_of_the_requester,
    requester_stands_in_for_the_owner,
    group_just_joined,
    role_just_given,
    owner_since_after_the_request,
    beneficiary_other_than_the_requester,
    owner_of_the_agent,
    eligible_by_a_grant,
    administrator,
    the_system,
    by_token,
)


def _try(path: str, actor: Actor, request: AccessRequest, digest: str) -> None:
    if path == "approve":
        approve(actor=actor, request=request, digest=digest)
    elif path == "offer":
        offer_less(actor=actor, request=request, digest=digest, operation=request.operation, minutes=30)
    else:
        deny(actor=actor, request=request, digest=digest, reason="I would rather decide this")


@pytest.mark.parametrize("path", ["approve", "offer", "refuse"])
@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_invariant_02_nobody_decides_about_their_own(world: World, trick: Trick, path: str) -> None:
    """Refused with the reason; nothing is voted, nothing granted, and the refusal is on record."""
    request, actor, words = trick(world)
    before = Grant.objects.count()
    with pytest.raises(Forbidden, match=words) as refusal:
        _try(path, actor, request, world.shown(request))
    request = world.fresh(request)
    assert request.state == RequestState.PENDING
    assert not request.votes.exists()
    assert Grant.objects.count() == before
    entry = Entry.objects.filter(outcome="denied").latest("pk")
    event = {"approve": "access.vote.cast", "offer": "access.request.offered", "refuse": "access.request.refused"}
    assert entry.action == f"{event[path]}.denied"
    assert refusal.value.reason[:40].encode() in bytes(Details.objects.get(pk=entry.pk).content or b"")


def test_edited_after_the_approver_looked(world: World) -> None:
    """Another artifact under the same name is not what was shown."""
    request = world.ask()
    shown = world.shown(request)
    Asset.objects.filter(pk=world.asset.pk).update(content_digest="b" * 64)
    with pytest.raises(Conflict, match="changed since"):
        world.approve("owner", request, digest=shown)
    assert not Grant.objects.exists()
    assert world.approve("owner", request).state == RequestState.APPROVED


def test_a_service_accounts_team_may_approve_by_others(world: World) -> None:
    """Who did not make its tokens may."""
    request = world.ask(beneficiary=world.user("service"), operation="train.run")
    assert world.approve("owner", request).state == RequestState.APPROVED
    assert TeamMembership.objects.filter(user=world.user("service")).exists()
    assert request.operation != TIER_2
