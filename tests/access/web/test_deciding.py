"""Deciding on the page: who may, both sides of the card, two at once, the step-up, taking back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from apps.access.models import AccessRequest, Grant, Vote
from apps.access.queries import inbox
from apps.access.states import Choice, GrantState, RequestState
from apps.core import clock
from tests.access.asking import World, link

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def decide(client: Client, world: World, request: AccessRequest, **fields: Any) -> Any:
    """Post a decision about the request as it is shown now."""
    data = {"digest": world.shown(request), "text": "Agreed in the release meeting", **fields}
    return client.post(f"/approvals/REQ-{request.pk}", data)


def test_nobody_reads_without_signing_in(client: Client, world: World) -> None:
    for url in ("/approvals", "/approvals/REQ-1", "/approvals/delegations", "/approvals/tasks"):
        assert client.get(url).status_code == 302, url


def test_who_is_asked_sees_it_and_nobody_else_does(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer", reason="Release 4.2")
    page = fresh("owner").get("/approvals").content.decode()
    assert "Jonas Lindqvist wants to" in page
    assert "“Release 4.2”" in page
    assert "Nothing waits for you" in fresh("manager").get("/approvals").content.decode()
    assert fresh("outsider").get(f"/approvals/REQ-{request.pk}").status_code == 404
    assert fresh("engineer").get(f"/approvals/REQ-{request.pk}").headers["Location"] == f"/access/REQ-{request.pk}"


def test_who_sees_all_may_look_and_is_told_why_not_decide(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer")
    client = fresh("auditor")
    page = client.get(f"/approvals/REQ-{request.pk}").content.decode()
    assert "You are not among those who decide about this." in page
    assert 'value="approve"' not in page
    assert decide(client, world, request, do="approve").status_code == 403
    assert world.fresh(request).state == RequestState.PENDING


def test_both_sides_of_the_card_are_shown(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer")
    page = fresh("owner").get(f"/approvals/REQ-{request.pk}").content.decode()
    for words in ("Look at", "Checks out", "If you approve", "Blast radius", "Earlier", "No conflict of duties"):
        assert words in page


def test_an_approval_gives_access_and_can_be_taken_back(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer")
    client = fresh("owner")
    assert decide(client, world, request, do="approve").headers["Location"] == "/approvals"
    grant = Grant.objects.get(request=request)
    assert grant.state == GrantState.ACTIVE
    assert "You can take it back" in client.get("/approvals").content.decode()
    client.post(f"/approvals/REQ-{request.pk}", {"do": "undo"})
    grant.refresh_from_db()
    assert grant.state == GrantState.ENDED
    assert "You can take it back" not in client.get("/approvals").content.decode()


def test_what_needs_a_look_is_not_approved_without_a_line(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer")
    client = fresh("owner")
    page = client.get(f"/approvals/REQ-{request.pk}").content.decode()
    assert "No default choice here" in page
    answer = decide(client, world, request, do="approve", text="")
    assert answer.status_code == 400
    assert not Vote.objects.exists()


def test_the_second_of_two_is_told_who_was_first(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer")
    digest = world.shown(request)
    decide(fresh("owner"), world, request, do="refuse", because="Not needed for the task", text="Use staging")
    request.asked.create(stage=1, user=world.user("ciso"), why="escalation", since=clock.now())
    late = fresh("ciso").post(f"/approvals/REQ-{request.pk}", {"do": "approve", "digest": digest, "text": "Fine by me"})
    assert late.status_code == 409
    assert "Priya Raman refused" in late.content.decode()
    assert world.fresh(request).outcome_reason == "Not needed for the task. Use staging"


def test_what_changed_since_it_was_shown_is_not_decided(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer")
    answer = decide(fresh("owner"), world, request, do="approve", digest="0" * 64)
    assert answer.status_code == 409
    assert "changed since you looked" in answer.content.decode()


def test_an_old_proof_leads_through_the_second_factor_and_back(signed_in: SignIn, world: World) -> None:
    request = world.ask("engineer")
    client = signed_in("owner")
    page = client.get(f"/approvals/REQ-{request.pk}").content.decode()
    back = urlencode({"next": f"/approvals/REQ-{request.pk}"})
    assert f"{reverse('mfa_reauthenticate')}?{back}" in page
    assert 'value="approve"' not in page
    assert decide(client, world, request, do="approve").status_code == 403
    assert decide(client, world, request, do="refuse").status_code == 302


def test_a_question_stops_the_clock_until_it_is_answered(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer")
    decide(fresh("owner"), world, request, do="ask", text="Which release?")
    assert world.fresh(request).state == RequestState.NEEDS_INFO
    asker = fresh("engineer")
    assert "Which release?" in asker.get(f"/access/REQ-{request.pk}").content.decode()
    asker.post(f"/access/REQ-{request.pk}", {"do": "answer", "text": "4.2.2"})
    assert world.fresh(request).state == RequestState.PENDING
    assert "4.2.2" in fresh("owner").get("/approvals").content.decode()


def test_less_is_offered_and_accepted_in_one_step(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer", minutes=480)
    decide(fresh("owner"), world, request, do="offer", offered=request.operation, offered_minutes="60")
    asker = fresh("engineer")
    offer = AccessRequest.objects.get(counter_to=request)
    assert f"/access/REQ-{offer.pk}" in asker.get(f"/access/REQ-{request.pk}").content.decode()
    asker.post(f"/access/REQ-{offer.pk}", {"do": "accept"})
    assert Grant.objects.get(request=offer).minutes == 60


def test_shorter_is_approved_as_shorter(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer", minutes=480)
    decide(fresh("owner"), world, request, do="approve", minutes="240")
    assert Grant.objects.get(request=request).minutes == 240


def test_lists_keep_apart_what_waits_and_what_is_decided(fresh: SignIn, world: World) -> None:
    first, second = world.ask("engineer"), world.ask("manager")
    actor, now = world.actor("owner"), clock.now()
    assert list(inbox.for_me(actor, now)) == [first, second]
    decide(fresh("owner"), world, first, do="ask", text="Why?")
    assert list(inbox.with_others(actor, now)) == [first]
    decide(fresh("owner"), world, second, do="refuse")
    assert list(inbox.decided(actor)) == [second]
    assert (inbox.for_me(actor, now).count(), list(inbox.for_me(actor, now + timedelta(days=30)))) == (0, [])


def test_the_count_of_what_waits_is_of_the_moment_it_is_asked_about(world: World) -> None:
    """As its neighbours, by the clock it is given: at its end a request waits no more."""
    request, actor = world.ask("engineer"), world.actor("owner")
    for moment, n in ((request.created_at, 1), (request.expires_at, 0)):
        assert inbox.for_me(actor, moment).count() == len(inbox.for_me(actor, moment)) == n


def test_who_decides_has_the_entry_with_the_count(fresh: SignIn, world: World) -> None:
    assert 'href="/approvals"' not in fresh("engineer").get("/access").content.decode()
    world.ask("engineer")
    page = fresh("owner").get("/assets").content.decode()
    assert 'href="/approvals"' in page
    assert '<span class="count">1<span class="sr"> waiting</span></span>' in page


def test_only_an_approval_is_undone_and_only_by_its_voter(fresh: SignIn, world: World) -> None:
    request = world.ask("engineer")
    decide(fresh("owner"), world, request, do="approve")
    stranger = fresh("security_admin").post(f"/approvals/REQ-{request.pk}", {"do": "undo"})
    assert stranger.status_code == 403
    assert Vote.objects.filter(choice=Choice.WITHDRAW).count() == 0


def test_standing_in_is_given_and_ended(fresh: SignIn, world: World) -> None:
    link(world.user("manager"))
    client = fresh("owner")
    until = (clock.now() + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
    given = {"to": str(world.user("manager").pk), "until_at": until, "strictest_tier": "2"}
    assert client.post("/approvals/delegations", given).status_code == 302
    row = world.user("owner").delegations_given.get()
    assert "Kofi Mensah" in client.get("/approvals/delegations").content.decode()
    assert fresh("engineer").post("/approvals/delegations", {"end": str(row.pk)}).status_code == 404
    assert fresh("manager").post("/approvals/delegations", {"end": str(row.pk)}).status_code == 302
    row.refresh_from_db()
    assert row.ended_at is not None
