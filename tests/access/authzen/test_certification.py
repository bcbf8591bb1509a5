"""The certification scenario of AuthZEN 1.0: Basic, Batch, Search and Discovery level, Core and Properties."""

from typing import Any

import pytest
from django.test import Client, override_settings

from tests.access.authzen.conftest import Post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("records")]
ALICE, BOB = {"type": "user", "id": "alice"}, {"type": "user", "id": "bob"}
ADMIN = {**BOB, "properties": {"role": "admin"}}
ONE, TWO = {"type": "record", "id": "record-1"}, {"type": "record", "id": "record-2"}
ARCHIVED = {**TWO, "properties": {"status": "archived"}}
READ, WRITE = {"name": "read"}, {"name": "write"}


def asked(subject: Any, action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"subject": subject, "action": action, "resource": resource, **more}


EIGHT = [
    (ALICE, READ, ONE, True),
    (ALICE, WRITE, ONE, True),
    (BOB, READ, ONE, True),
    (BOB, WRITE, ONE, False),
    (ALICE, WRITE, ARCHIVED, False),
    (ADMIN, WRITE, ARCHIVED, True),
    (ALICE, {"name": "delete", "properties": {"soft": True}}, ONE, True),
    (ALICE, {"name": "delete", "properties": {"soft": False}}, ONE, False),
]


@pytest.mark.parametrize(("subject", "action", "resource", "decision"), EIGHT)
def test_basic_the_eight_decisions(post: Post, subject: Any, action: Any, resource: Any, decision: bool) -> None:
    for more in ({}, {"context": {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}}, {"foo": {"bar": 1}}):
        answer = post("evaluation", asked(subject, action, resource, **more))
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
        assert answer.json()["decision"] is decision


@pytest.mark.parametrize(
    "body",
    [
        {"action": READ, "resource": ONE},
        {"subject": ALICE, "resource": ONE},
        {"subject": ALICE, "action": READ},
        asked({"id": "alice"}, READ, ONE),
        asked({"type": "user"}, READ, ONE),
        asked(ALICE, {}, ONE),
        asked(ALICE, READ, {"id": "record-1"}),
        asked(ALICE, READ, {"type": "record"}),
        asked("alice", READ, ONE),
        asked(ALICE, {"name": 123}, ONE),
        asked(ALICE, READ, ONE, context=[]),
        [],
        "",
        "{",
        '{"subject": NaN}',
        "[" * 100_000,
        '{"a":' * 60 + "1" + "}" * 60,
    ],
)
def test_basic_what_is_malformed_is_400_with_a_text(post: Post, body: Any) -> None:
    answer = post("evaluation", body)
    assert answer.status_code == 400
    assert isinstance(answer.json(), str)


def test_basic_another_content_type_is_400(post: Post) -> None:
    assert post("evaluation", asked(ALICE, READ, ONE), content_type="text/plain").status_code == 400


def test_the_request_id_comes_back(post: Post) -> None:
    answer = post("evaluation", asked(ALICE, READ, ONE), HTTP_X_REQUEST_ID="bfe9eb29-ab87-4ca3-be83-a1d5d8305716")
    assert answer["X-Request-ID"] == "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"


def test_who_does_not_sign_in_gets_401_with_its_scheme(post: Post) -> None:
    for given in ("", "Bearer nonsense", "Basic YTpi"):
        answer = post("evaluation", asked(ALICE, READ, ONE), HTTP_AUTHORIZATION=given)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")


def decisions(answer: Any) -> list[bool]:
    assert answer.status_code == 200
    return [one["decision"] for one in answer.json()["evaluations"]]


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ({"subject": ALICE, "action": READ, "evaluations": [{"resource": ONE}, {"resource": TWO}]}, [True, True]),
        ({"subject": BOB, "resource": ONE, "evaluations": [{"action": READ}, {"action": WRITE}]}, [True, False]),
        ({"subject": ALICE, "action": WRITE, "evaluations": [{"resource": ONE}, {"resource": ARCHIVED}]},
         [True, False]),
        ({"action": WRITE, "resource": ARCHIVED, "evaluations": [{"subject": ALICE}, {"subject": ADMIN}]},
         [False, True]),
        ({"evaluations": [asked(ALICE, READ, ONE), asked(BOB, WRITE, ONE)]}, [True, False]),
        (
            {**asked(ALICE, WRITE, {"type": "record"}), "evaluations": [{"resource": {"id": "record-1"}},
             {"resource": ARCHIVED}]},
            [True, False],
        ),
        ({"subject": ALICE, "action": READ, "evaluations": [{"resource": ONE}, {}]}, [True, False]),
        ({"subject": ALICE, "action": READ, "evaluations": [{"resource": ONE}, 7]}, [True, False]),
    ],
)  # fmt: skip
def test_batch(post: Post, body: Any, right: list[bool]) -> None:
    assert decisions(post("evaluations", body)) == right


@pytest.mark.parametrize("more", [{}, {"evaluations": []}])
def test_batch_without_items_answers_as_one(post: Post, more: Any) -> None:
    assert post("evaluations", asked(ALICE, READ, ONE, **more)).json()["decision"] is True


@pytest.mark.parametrize(
    ("semantic", "right"),
    [("execute_all", [True, False, True]), ("deny_on_first_deny", [True, False]), ("permit_on_first_permit", [True])],
)
def test_batch_stops_where_it_is_told_to(post: Post, semantic: str, right: list[bool]) -> None:
    items = [asked(ALICE, READ, ONE), asked(BOB, WRITE, ONE), asked(BOB, READ, ONE)]
    body = {"evaluations": items, "options": {"evaluations_semantic": semantic}}
    assert decisions(post("evaluations", body)) == right


@pytest.mark.parametrize(
    ("part", "body", "found"),
    [
        ("subject", asked({"type": "user"}, READ, ONE), {"alice", "bob"}),
        ("subject", asked({"type": "user"}, WRITE, ARCHIVED), {"bob"}),
        ("subject", asked({"type": "spaceship"}, READ, ONE), set()),
        ("resource", asked(ALICE, READ, {"type": "record"}), {"record-1", "record-2"}),
        ("resource", asked(ADMIN, WRITE, {"type": "record"}), {"record-2"}),
        ("resource", asked(ALICE, READ, {"type": "spaceship"}), set()),
        ("action", {"subject": ALICE, "resource": ONE}, {"read", "write"}),
        ("action", {"subject": ADMIN, "resource": ARCHIVED}, {"read", "write"}),
        ("action", {"subject": {"type": "user", "id": "nonexistent-user"}, "resource": ONE}, set()),
    ],
)
def test_search(post: Post, part: str, body: Any, found: set[str]) -> None:
    for more in ({}, {"context": {"ip": "192.168.1.1"}}):
        answer = post(f"search/{part}", body | more)
        assert answer.status_code == 200
        assert {one["name" if part == "action" else "id"] for one in answer.json()["results"]} == found


def test_search_goes_page_by_page_and_only_for_the_same_question(post: Post) -> None:
    body = asked({"type": "user"}, READ, ONE)
    first = post("search/subject", body | {"page": {"limit": 1}}).json()
    token = first["page"]["next_token"]
    assert [one["id"] for one in first["results"]] == ["alice"]
    second = post("search/subject", body | {"page": {"token": token}}).json()
    assert [one["id"] for one in second["results"]] == ["bob"]
    assert second["page"]["next_token"] == ""
    other = asked({"type": "user"}, WRITE, ONE) | {"page": {"token": token}}
    assert post("search/subject", other).status_code == 400
    assert post("search/subject", body | {"page": {"token": token + "x"}}).status_code == 400


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("subject", {"subject": {"type": "user"}, "resource": ONE}),
        ("resource", {"action": READ, "resource": {"type": "record"}}),
        ("action", {"subject": ALICE}),
        ("subject", asked({"type": "user"}, READ, {"type": "record"})),
        ("resource", asked({"type": "user"}, READ, {"type": "record"})),
    ],
)
def test_search_what_is_missing_is_400(post: Post, part: str, body: Any) -> None:
    assert post(f"search/{part}", body).status_code == 400


@override_settings(ZTPORTAL_ORIGIN="https://portal.example")
def test_discovery() -> None:
    answer = Client().get("/.well-known/authzen-configuration")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    told = answer.json()
    assert told["policy_decision_point"] == "https://portal.example"
    addresses = {name: value for name, value in told.items() if name.endswith("_endpoint")}
    assert set(addresses) >= {"access_evaluation_endpoint", "access_evaluations_endpoint", "search_action_endpoint"}
    assert all(address.startswith("https://portal.example/access/v1/") for address in addresses.values())
