"""Following a request up: withdraw, remind, answer. Its parties may, by a token that may ask too; nobody else."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from apps.access.models import AccessRequest, Grant, RequestMessage
from apps.access.services.messages import ask
from apps.access.services.offers import offer_less
from apps.access.states import RequestState
from apps.core import clock
from tests.access.api.conftest import Caller, refused
from tests.access.asking import World

pytestmark = pytest.mark.django_db
Made = Callable[[str], AccessRequest]


def question(world: World, request: AccessRequest) -> None:
    """Let the owner ask."""
    ask(actor=world.actor("owner"), request=request, text="Which version?")


@pytest.mark.parametrize("how", ["session", "token"])
def test_a_party_withdraws(session: Caller, tokens: Caller, asked: AccessRequest, how: str) -> None:
    api = session("engineer") if how == "session" else tokens("engineer", "request")
    told = api.post(f"requests/{asked.pk}/withdraw", {"reason": "Not needed"})
    assert (told.status_code, told.json()["state"]) == (200, "cancelled")
    asked.refresh_from_db()
    assert asked.state == RequestState.CANCELLED and "Not needed" in asked.outcome_reason
    refused(api.post(f"requests/{asked.pk}/withdraw"), 409, "withdrew")


def test_a_party_reminds_once_in_a_quarter(tokens: Caller, asked: AccessRequest) -> None:
    AccessRequest.objects.filter(pk=asked.pk).update(reminded_at=None)
    api = tokens("engineer", "request")
    assert api.post(f"requests/{asked.pk}/remind").status_code == 200
    refused(api.post(f"requests/{asked.pk}/remind"), 403, "15 minutes ago")
    with clock.shifted(timedelta(minutes=16)):
        assert api.post(f"requests/{asked.pk}/remind").status_code == 200


def test_a_party_answers_what_was_asked(tokens: Caller, world: World, asked: AccessRequest) -> None:
    api = tokens("engineer", "request", "read:access")
    refused(api.post(f"requests/{asked.pk}/answer", {"text": "3.1"}), 409, "No question")
    question(world, asked)
    told = api.get(f"requests/{asked.pk}").json()
    assert [(one["kind"], one["author"], one["text"]) for one in told["messages"]] == [
        ("question", "Priya Raman", "Which version?")
    ]
    assert {one["name"]: one["allowed"] for one in told["actions"]} == {
        "remind": False, "withdraw": True, "answer": True
    }  # fmt: skip
    refused(api.post(f"requests/{asked.pk}/answer", {"text": ""}), 400, "1 to 2,000 characters")
    assert api.post(f"requests/{asked.pk}/answer", {"text": "3.1"}).json()["state"] == "pending"
    assert RequestMessage.objects.get(kind="answer").text == "3.1"


def test_the_lesser_access_is_accepted_without_a_word(tokens: Caller, world: World) -> None:
    request = world.ask("engineer", minutes=480)
    offer_less(
        actor=world.actor("owner"), request=request, digest=world.shown(request), operation=request.operation,
        minutes=60,
    )  # fmt: skip
    offer = AccessRequest.objects.get(counter_to=request)
    told = tokens("engineer").post(f"requests/{offer.pk}/answer").json()
    assert (told["state"], told["counter_to"]) == ("approved", request.pk)
    assert Grant.objects.get(request=offer).minutes == 60


@pytest.mark.parametrize("do", ["withdraw", "remind", "answer"])
def test_nobody_else_follows_it_up(
    session: Caller, tokens: Caller, world: World, asked: AccessRequest, do: str
) -> None:
    """Who sees it is told why not; who does not see it finds nothing; a token needs the scope."""
    if do == "answer":
        question(world, asked)
    before = AccessRequest.objects.filter(pk=asked.pk).values().get()
    path, sent = f"requests/{asked.pk}/{do}", {"text": "x"} if do == "answer" else {}
    for name in ("owner", "ciso", "security_admin", "auditor"):
        refused(session(name).post(path, sent), 403, "Only who asked")
    for name in ("manager", "outsider", "service"):
        refused(tokens(name).post(path, sent), 404)
    refused(tokens("engineer", "read:access").post(path, sent), 403, "scope")
    refused(tokens("ciso").post(path, sent), 403, "Only who asked")
    assert AccessRequest.objects.filter(pk=asked.pk).values().get() == before
