"""The bottom bar of phones: the fixed entries, those where something waits, and never more than it has room for."""

import pytest
from django.test import RequestFactory

from apps.core.web.context import ROOM, shell
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def tabs(cast: Cast, who: str, monkeypatch: pytest.MonkeyPatch, **waiting: int) -> list[str]:
    request = RequestFactory().get("/findings")
    request.actor = cast.actor(who)  # type: ignore[attr-defined]
    request.user = cast.users[who]
    monkeypatch.setattr("apps.core.web.context.counted", lambda asked: dict.fromkeys(asked, 0) | waiting)
    return [tab["label"] for tab in shell(request)["tabs"]]


def test_what_waits_is_in_the_bar_and_what_does_not_is_behind_more(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Reviews" not in tabs(cast, "manager", monkeypatch)
    assert "Reviews" in tabs(cast, "manager", monkeypatch, reviews=1)


def test_there_is_room_for_five_and_what_waits_goes_first(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(tabs(cast, "ciso", monkeypatch)) == ROOM
    full = tabs(cast, "ciso", monkeypatch, reviews=2, approvals=1)
    assert len(full) == ROOM and {"Request", "Reviews", "Approvals", "Overview"} <= set(full)
