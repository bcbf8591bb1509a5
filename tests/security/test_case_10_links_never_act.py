"""Case 10: a mail scanner, a prefetching browser or a forged form follows the links of a notice; nothing is decided."""

import re
from typing import Any

import pytest
from django.core import mail
from django.db import models
from django.test import Client
from django.urls import resolve

from apps.access.models import AccessRequest, Asked, Grant, RequestMessage, Vote
from apps.core.actor import system
from apps.notices.services import send_due
from tests.access.asking import World, build
from tests.cast import Cast
from tests.security.test_case_06_self_approval import at_a_session

#: Of a reader nothing is kept but that a page was read.
KEPT: tuple[type[models.Model], ...] = (AccessRequest, Asked, Grant, RequestMessage, Vote)
#: What scanners and browsers send with a link that nobody clicked.
UNASKED: tuple[dict[str, str], ...] = ({}, {"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"})


@pytest.fixture
def world(cast: Cast) -> World:
    """An asset of tier 3 with a confirmed owner."""
    return build(cast)


def rows() -> dict[str, list[Any]]:
    """Return every row that a decision would write or change."""
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in KEPT}


def links_of_the_mail(to: str) -> list[str]:
    """Return the addresses in the mails to somebody, on this portal."""
    send_due(actor=system("test"))
    texts = [message.body for message in mail.outbox if to in message.recipients()]
    return sorted({found for text in texts for found in re.findall(r"https?://[^/\s]+(/\S+)", text)})


@pytest.mark.parametrize("scanner", ["anonymous", "signed in"])
def test_case_10_following_a_link_decides_nothing(world: World, scanner: str) -> None:
    """By GET and HEAD, with every query that could be taken for a decision; not even by whoever may decide."""
    request = world.ask()
    links = links_of_the_mail("owner@fenwick.example")
    assert f"/approvals/REQ-{request.pk}" in links
    client = Client() if scanner == "anonymous" else at_a_session(world.user("owner"))
    before, digest = rows(), world.shown(request)
    for link in links:
        for query in ("", f"?do=approve&digest={digest}&text=Fine", f"?do=refuse&digest={digest}&because=No"):
            for headers in UNASKED:
                for answer in (client.get(link + query, headers=headers), client.head(link + query, headers=headers)):
                    assert answer.status_code in (200, 302), link
    assert rows() == before


def test_case_10_a_form_of_another_site_is_refused(world: World) -> None:
    """The session alone decides nothing: the form's own token is asked for."""
    request = world.ask()
    client = at_a_session(world.user("owner"))
    client.handler.enforce_csrf_checks = True
    before, posted = rows(), {"do": "approve", "digest": world.shown(request), "text": "Fine"}
    url = f"/approvals/REQ-{request.pk}"
    assert client.post(url, posted).status_code == 403
    assert client.post(url, posted, headers={"Origin": "https://evil.example"}).status_code == 403
    assert rows() == before
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(url).content.decode())
    assert token and client.post(url, {**posted, "csrfmiddlewaretoken": token[1]}).status_code == 302
    assert Grant.objects.count() == 1


def test_case_10_the_cookies_are_not_sent_from_elsewhere(world: World, settings: Any) -> None:
    """And no page of a decision lets itself be framed."""
    assert {settings.SESSION_COOKIE_SAMESITE, settings.CSRF_COOKIE_SAMESITE} <= {"Lax", "Strict"}
    answer = at_a_session(world.user("owner")).get("/approvals")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_case_10_every_link_of_a_mail_is_a_page(world: World) -> None:
    """No address in it has a view that writes by GET: each answers the same twice and names no secret."""
    world.ask()
    for link in links_of_the_mail("owner@fenwick.example"):
        assert "?" not in link and resolve(link).url_name
