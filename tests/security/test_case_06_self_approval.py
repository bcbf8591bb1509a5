"""Case 6: nobody approves access of their own, by page or API; each refusal has its reason and is on record.

The tricks are those of tests/access/test_self_approval.py, which tries them on the services. Here whoever tries is
asked to decide as well, so that nothing but the rule stands in the way: being asked makes nobody eligible.
"""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from apps.access.models import AccessRequest, Grant
from apps.access.services.delegations import delegate
from apps.access.services.messages import ask
from apps.access.states import RequestState
from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.audit.models import Details, Entry
from apps.core import clock
from apps.core.actor import Actor, Role, Strength
from tests.access.asking import World, build, make_user
from tests.access.test_self_approval import TRICKS, Trick
from tests.cast import Cast
from tests.factories import make_identity

#: Fields of each decision on its page.
DECISIONS: dict[str, dict[str, str]] = {
    "approve": {"text": "Fine by me"},
    "refuse": {"because": "Not needed for the task", "text": "I would rather decide this"},
    "offer": {"offered_minutes": "30"},
    "ask": {"text": "Which release?"},
}
EVENTS = {
    "approve": "access.vote.cast",
    "refuse": "access.request.refused",
    "offer": "access.request.offered",
    "ask": "access.request.asked",
}
BY_PAGE = [trick for trick in TRICKS if trick.__name__ not in ("the_system", "by_token", "own_service_account")]


@pytest.fixture
def world(cast: Cast) -> World:
    """An asset of tier 3 with a confirmed owner."""
    return build(cast)


def at_a_session(user: User) -> Client:
    """Seat a user whose second factor was proven now: a stale proof is not what refuses them."""
    client, at = Client(), clock.now().timestamp()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [
        {"method": "password", "at": at, "email": user.email},
        {"method": "mfa", "at": at, "type": "totp"},
    ]
    session.save()
    return client


def put_to(request: AccessRequest, actor: Actor) -> User:
    """Put the request to whoever tries, and return them."""
    user = User.objects.get(pk=actor.user_id)
    request.asked.get_or_create(stage=1, user=user, defaults={"why": "escalation", "since": clock.now()})
    return user


def nothing_happened(request: AccessRequest, grants: int) -> None:
    """Nothing is voted, nothing granted, nothing said."""
    row = AccessRequest.objects.get(pk=request.pk)
    assert row.state == RequestState.PENDING
    assert not row.votes.exists() and not row.messages.exists() and Grant.objects.count() == grants


def is_on_record(event: str, reason: str) -> None:
    """The refusal is the newest in the log, with its reason."""
    entry = Entry.objects.filter(outcome="denied").latest("pk")
    assert entry.action == f"{event}.denied"
    assert reason in bytes(Details.objects.get(pk=entry.pk).content or b"").decode()


@pytest.mark.parametrize("trick", BY_PAGE, ids=lambda trick: trick.__name__)
def test_case_06_by_the_page(world: World, trick: Trick) -> None:
    """No button is shown; each decision posted nevertheless is 403 in place, with the reason in words."""
    request, actor, words = trick(world)
    client, grants = at_a_session(put_to(request, actor)), Grant.objects.count()
    url, digest = f"/approvals/REQ-{request.pk}", world.shown(request)
    shown = client.get(url)
    if actor.user_id in (request.requester_id, request.beneficiary_id):
        assert shown.headers["Location"] == f"/access/REQ-{request.pk}"
    else:
        page = shown.content.decode()
        assert words in page.replace("&#x27;", "'")
        assert not [do for do in DECISIONS if f'value="{do}"' in page]
    for do, fields in DECISIONS.items():
        answer = client.post(url, {"do": do, "digest": digest, "offered": request.operation, **fields})
        assert answer.status_code == 403, do
        assert words in answer.content.decode().replace("&#x27;", "'"), do
        nothing_happened(request, grants)
        is_on_record(EVENTS[do], words)


@pytest.mark.parametrize("trick", BY_PAGE, ids=lambda trick: trick.__name__)
def test_case_06_by_the_api(world: World, trick: Trick) -> None:
    """The same by its session: 403 as a problem with the reason, for each decision."""
    request, actor, words = trick(world)
    client, grants = at_a_session(put_to(request, actor)), Grant.objects.count()
    digest = world.shown(request)
    bodies = {
        "approve": {"digest": digest, "reason": "Fine by me"},
        "refuse": {"digest": digest, "reason": "I would rather decide this"},
        "offer": {"digest": digest, "operation": request.operation, "minutes": 30},
        "ask": {"text": "Which release?"},
    }
    for do, body in bodies.items():
        answer = client.post(f"/api/v1/requests/{request.pk}/{do}", body, content_type="application/json")
        assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/problem+json"), do
        assert words in answer.json()["detail"], do
        nothing_happened(request, grants)
        is_on_record(EVENTS[do], words)


def test_case_06_in_bulk(world: World) -> None:
    """Further numbers in the body decide nothing: the address alone says which, and it is judged like any other."""
    own, other = world.ask("owner"), world.ask("engineer")
    client, digest = at_a_session(world.user("owner")), world.shown(other)
    posted = {"do": "approve", "digest": digest, "text": "All of them", "n": [own.pk, other.pk], "number": own.pk}
    assert client.post(f"/approvals/REQ-{other.pk}", posted).status_code == 302
    assert world.fresh(other).state == RequestState.APPROVED
    assert world.fresh(own).state == RequestState.PENDING
    for url in ("/approvals", "/approvals/bulk", "/access"):
        assert client.post(url, {**posted, "digest": world.shown(own)}).status_code in (404, 405)
    nothing_happened(own, 1)


def test_case_06_by_an_administration_site(world: World) -> None:
    """There is none: no model of the portal can be edited past its services."""
    assert "django.contrib.admin" not in settings.INSTALLED_APPS
    client = at_a_session(world.user("security_admin"))
    for url in ("/admin/", "/admin/access/accessrequest/", "/django-admin/"):
        assert client.get(url).status_code == 404


@pytest.mark.parametrize("do", ["approve", "refuse", "offer"])
def test_case_06_by_a_token(world: World, do: str) -> None:
    """A token of the very person who may decide at a session decides nothing, on page or API."""
    request, owner = world.ask(), world.actor("owner", strength=Strength.SECOND_FACTOR)
    scopes = ("read:access", "read:inventory")
    text = accounts.create_token(actor=owner, user=world.user("owner"), name="own", scopes=scopes, days=9).value[1]
    client = Client(HTTP_AUTHORIZATION=f"Bearer {text}")
    posted = {"do": do, "digest": world.shown(request), "text": "Fine", "reason": "Fine"}
    assert client.post(f"/approvals/REQ-{request.pk}", posted).status_code in (302, 401, 403)
    answer = client.post(f"/api/v1/requests/{request.pk}/{do}", posted, content_type="application/json")
    assert answer.status_code in (401, 403, 404, 405)
    nothing_happened(request, 0)


def test_case_06_by_a_delegation_to_a_second_account(world: World) -> None:
    """The owner is away and lets somebody stand in who turns out to be the requester under another name."""
    now, other = clock.now(), make_user("J Second", Role.ENGINEER)
    make_identity(person=world.user("engineer").person, email=other.email)
    delegate(actor=world.actor("owner"), to=other, from_at=now, until_at=now + timedelta(days=1), now=now)
    request = world.ask()
    request.asked.get_or_create(stage=1, user=other, defaults={"why": "delegation", "since": now})
    posted = {"do": "approve", "digest": world.shown(request), "text": "For Priya"}
    answer = at_a_session(other).post(f"/approvals/REQ-{request.pk}", posted)
    assert answer.status_code == 403 and "asked for this yourself" in answer.content.decode()
    nothing_happened(request, 0)
    is_on_record("access.vote.cast", "asked for this yourself")


def test_case_06_answering_ones_own_question_is_no_approval(world: World) -> None:
    """Who answers is a party; the request goes back to those who decide."""
    request = world.ask()
    ask(actor=world.actor("owner"), request=request, text="Which release?")
    client = at_a_session(world.user("engineer"))
    for do in ("accept", "approve"):
        assert client.post(f"/access/REQ-{request.pk}", {"do": do, "digest": world.shown(request)}).status_code == 400
    assert client.post(f"/access/REQ-{request.pk}", {"do": "answer", "text": "4.2"}).status_code == 302
    assert world.fresh(request).state == RequestState.PENDING and not Grant.objects.exists()
