"""What is badly sent is told by its field, and sets nothing that is not offered."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.access.models import AccessRequest, Grant
from apps.core.api.bodies import MAX_BYTES
from tests.access.api.conftest import Caller, refused
from tests.access.asking import World

pytestmark = pytest.mark.django_db
Body = Callable[..., dict[str, Any]]
ACTIONS = ("withdraw", "remind", "answer", "approve", "refuse", "ask", "offer", "undo")


@pytest.mark.parametrize(
    ("field", "value"),
    [("asset", "x"), ("asset", None), ("asset", [7]), ("operation", "data.destroy"), ("operation", None),
     ("operation", ["eval.run"]), ("minutes", 0), ("minutes", -5), ("minutes", "soon"), ("minutes", 10**12),
     ("minutes", True), ("minutes", None), ("minutes", 1.5), ("reason", ""), ("reason", "  "), ("reason", "x" * 2001),
     ("reason", None), ("reason", {"a": 1}), ("ticket", "x" * 61), ("start_at", "tomorrow"), ("start_at", "2026-13-45"),
     ("start_at", "0001-01-01T00:00:00+14:00"), ("beneficiary", "me"), ("payload", "x"), ("payload", [1])],
)  # fmt: skip
def test_a_wrong_field_is_named(tokens: Caller, body: Body, field: str, value: Any) -> None:
    told = refused(tokens("engineer").post("requests", body(**{field: value})), 400)
    assert list(told["errors"]) == [field]
    assert not AccessRequest.objects.exists()


@pytest.mark.parametrize("minutes", [1441, 44_640])
def test_more_than_the_tier_allows_is_refused_with_what_would_do(tokens: Caller, body: Body, minutes: int) -> None:
    told = refused(tokens("engineer").post("requests", body(minutes=minutes)), 403, "lasts 1 minute to")
    assert "24 hours or less" in told["remedy"]
    answer = tokens("engineer").post("requests/dry-run", body(minutes=minutes, start_at="9999-12-31T23:00:00Z"))
    assert answer.status_code == 200 and answer.json()["allowed"] is False


def test_no_column_is_set_by_its_name(tokens: Caller, body: Body) -> None:
    """Case 5 of reliability.md: a field that is not offered is an error, also the one a model has."""
    offered = {"asset", "operation", "minutes", "start_at", "beneficiary", "reason", "ticket"}
    columns = {field.name for field in AccessRequest._meta.get_fields()} | {"requester_id", "approved_by", "__class__"}
    for name in sorted(columns - offered):
        told = refused(tokens("engineer").post("requests", body(**{name: "approved"})), 400, "Unknown field")
        assert list(told["errors"]) == [name] and "asset, operation" in str(told["errors"])
    assert not AccessRequest.objects.exists()


def test_actions_take_no_field_but_theirs(session: Caller, world: World, asked: AccessRequest) -> None:
    asker, decider = session("engineer"), session("owner")
    greedy = {"state": "approved", "requester": str(world.user("owner").pk), "expires_at": "2099-01-01T00:00Z"}
    before = AccessRequest.objects.filter(pk=asked.pk).values().get()
    for name in ACTIONS:
        told = refused((asker if name in ACTIONS[:3] else decider).post(f"requests/{asked.pk}/{name}", greedy), 400)
        assert set(told["errors"]) == set(greedy), name
    assert AccessRequest.objects.filter(pk=asked.pk).values().get() == before
    grant = world.ask("engineer", operation="eval.run").grant
    row = Grant.objects.filter(pk=grant.pk).values().get()
    for name in ("extend", "release", "revoke", "token"):
        refused(asker.post(f"grants/{grant.pk}/{name}", greedy), 400, "Unknown field")
    assert Grant.objects.filter(pk=grant.pk).values().get() == row


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"7", b'"x"', b"null", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'{"a":' * 60 + b"1" + b"}" * 60,
     b'{"reason": "\\u0000"}', b'{"reason": "\\ud800"}', b'{"\\u0000": 1}', b" " * (MAX_BYTES + 1)],
)  # fmt: skip
def test_what_is_no_plain_object_is_not_read(tokens: Caller, world: World, raw: bytes) -> None:
    client = tokens("engineer").client
    answer = client.post("/api/v1/requests", raw, content_type="application/json")
    refused(answer, 400)
    assert not AccessRequest.objects.exists()


def test_only_json_is_read(tokens: Caller, world: World) -> None:
    client = tokens("engineer").client
    refused(client.post("/api/v1/requests", {"minutes": "60"}), 415)
    refused(client.post("/api/v1/requests", "minutes=60", content_type="application/x-www-form-urlencoded"), 415)


@pytest.mark.parametrize("number", ["0", "x", "9" * 40, "999999", "%00", "-1"])
def test_a_number_that_names_nothing_is_not_there(session: Caller, world: World, number: str) -> None:
    api = session("ciso")
    for kind, names in (("requests", ACTIONS), ("grants", ("extend", "release", "revoke", "token"))):
        for name in names:
            refused(api.post(f"{kind}/{number}/{name}"), 404)
    for path in (f"requests/{number}/card", f"policies/versions/{number}", f"targets/{number}", f"orphans/{number}"):
        refused(api.get(path), 404)
