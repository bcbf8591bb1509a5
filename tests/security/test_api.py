"""The API as a whole: described, answered for each role, paged stably, limited, and plain about errors."""

import io
import json
import random
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from apps.core.api.throttles import ActorThrottle
from tests.factories import make_asset
from tests.security.world import World, bearer, person

LISTS = (
    "assets", "identities", "sources", "runs", "results", "findings", "audit/events", "requests", "grants",
    "policies/versions", "targets", "orphans", "exceptions", "reviews", "review-items",
)  # fmt: skip
#: What is done to a row, besides the collection that is posted to and the dry run.
DONE = {
    "requests": ("answer", "approve", "ask", "offer", "refuse", "remind", "undo", "withdraw"),
    "grants": ("extend", "release", "revoke", "token"),
    "exceptions": ("sign",),
    "review-items": ("decide", "withdraw"),
}
#: What takes no body.
EMPTY = ("/release", "/remind", "/undo")
ROLES = ("ciso", "security_admin", "manager", "owner", "engineer", "auditor", "outsider")
PROBLEM = "application/problem+json"


def test_the_description_is_valid_and_complete(db: None) -> None:
    """No warnings; every address under /api/v1 but the description itself is in it, with both ways to authenticate."""
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out)
    document = json.loads(out.getvalue())
    paths = {path.removeprefix("/api/v1/").split("/{")[0] for path in document["paths"]}
    assert paths == {*LISTS, "checks", "metrics", "policies", "requests/dry-run"}
    posts = {path.removeprefix("/api/v1/") for path, item in document["paths"].items() if "post" in item}
    done = {f"{kind}/{{number}}/{name}" for kind, names in DONE.items() for name in names}
    assert posts == {"requests", "requests/dry-run", "exceptions", *done}
    for path, item in document["paths"].items():
        assert set(item) <= {"get", "post"}
        for verb, operation in item.items():
            assert {name for way in operation["security"] for name in way} == {"token", "session"}
            assert operation["description"] and all(one.startswith("2") for one in operation["responses"])
            if verb == "post" and not path.endswith(EMPTY):
                assert list(operation["requestBody"]["content"]) == ["application/json"], path


@pytest.mark.parametrize(("body", "required"), [
    ("Asked", {"asset", "operation", "minutes", "reason"}), ("DryRun", {"asset", "operation", "minutes"}),
    ("Approved", {"digest", "reason"}), ("Longer", {"minutes", "reason"}),
])  # fmt: skip
def test_bodies_say_what_is_needed(db: None, body: str, required: set[str]) -> None:
    out = io.StringIO()
    call_command("spectacular", "--format", "openapi-json", stdout=out)
    assert set(json.loads(out.getvalue())["components"]["schemas"][body]["required"]) == required


@pytest.mark.parametrize("name", ROLES)
def test_every_operation_answers(world: World, name: str) -> None:
    client = person(world.cast, name)
    for collection in (*LISTS, "checks"):
        answer = client.get(f"/api/v1/{collection}")
        assert answer.status_code == 200, collection
        rows = answer.json() if collection == "checks" else answer.json()["results"]
        for row in rows[:2]:
            key = row.get("id") or row.get("number")
            assert client.get(f"/api/v1/{collection}/{key}").status_code == 200, (collection, key)


@pytest.mark.parametrize("path", [*LISTS, "checks", "metrics", "policies", "assets/x", "findings/7"])
def test_errors_are_problems(world: World, path: str) -> None:
    """401 without credentials and with a false token, 404 for nonsense, 405 for writing, 403 without the scope."""
    url = f"/api/v1/{path}"
    for answer in (Client().get(url), Client(HTTP_AUTHORIZATION="Bearer ztp_x").get(url)):
        assert answer.status_code == 401 and answer["Content-Type"] == PROBLEM
        assert answer["WWW-Authenticate"] == 'Bearer realm="api"' and answer.json()["status"] == 401
    client = person(world.cast, "auditor")
    absent = (
        client.get(f"/api/v1/{path.split('/x')[0]}/no-such-thing")
        if path not in ("metrics", "policies")
        else client.get("/api/v1/assets/7")
    )
    assert absent.status_code == 404 and absent["Content-Type"] == PROBLEM and absent.json()["status"] == 404
    wrote = bearer(world, "service").post(url, {"name": "x"}, content_type="application/json")
    assert wrote.status_code in (403, 405) and wrote["Content-Type"] == PROBLEM


def test_a_token_has_only_its_scopes(world: World) -> None:
    client = bearer(world, "service")
    answer = client.get("/api/v1/audit/events")
    assert answer.status_code == 403 and answer["Content-Type"] == PROBLEM
    assert client.get("/api/v1/metrics").status_code == 403


def test_cursors_are_stable_while_rows_come(world: World) -> None:
    """Every row that was there at the start is given exactly once, though others are made between the pages."""
    for number in range(30):
        make_asset(name=f"m-{number:02}" if number % 3 else "same name")
    client, seen = person(world.cast, "auditor"), []
    before = {row["id"] for row in client.get("/api/v1/assets?page_size=200").json()["results"]}
    url: str | None = "/api/v1/assets?page_size=7"
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        make_asset(name=f"between {len(seen)}"), make_asset(name=f"a {len(seen)}")
        url = page["next"]
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def test_too_many_requests_are_a_problem_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 with Retry-After, counted per actor, so that one does not starve another."""
    cache.clear()
    monkeypatch.setattr(ActorThrottle, "THROTTLE_RATES", {"actor": "3/min"})
    client = bearer(world, "service")
    assert [client.get("/api/v1/assets").status_code for _ in range(3)] == [200] * 3
    answer = client.get("/api/v1/assets")
    assert answer.status_code == 429 and answer["Content-Type"] == PROBLEM
    assert int(answer["Retry-After"]) > 0 and answer.json()["status"] == 429
    assert person(world.cast, "auditor").get("/api/v1/assets").status_code == 200
    assert [Client().get("/api/v1/assets").status_code for _ in range(3)] == [401] * 3


def values(rng: random.Random) -> Any:
    """Return an odd value of a parameter."""
    return rng.choice(
        [
            "",
            "x",
            "0",
            "-1",
            "9" * 40,
            "null",
            "true",
            "é",
            "\u202e",
            "\x00",
            "a" * 3000,
            "1e400",
            "NaN",
            "2026-13-45",
            "[]",
            "{}",
            "%",
            "'",
            "00000000-0000-0000-0000-000000000007",
            "model",
            "identity",
            "ID-01",
            "open",
            "2026-11-20T00:00:00Z",
            "🤖",
            "\ud7ff",
            "../..",
            "1,2",
        ]
    )


@pytest.mark.parametrize("seed", range(6))
def test_random_questions_never_fail(world: World, seed: int) -> None:
    """A small fuzz over the described operations: no answer is a server error, and refusals are problems."""
    rng = random.Random(seed)
    out = io.StringIO()
    call_command("spectacular", "--format", "openapi-json", stdout=out)
    paths = {path: item for path, item in json.loads(out.getvalue())["paths"].items() if "get" in item}
    clients = [person(world.cast, rng.choice(ROLES)), bearer(world, "service"), Client()]
    for _ in range(150):
        path = rng.choice(sorted(paths))
        known = [one["name"] for one in paths[path]["get"].get("parameters", []) if one["in"] == "query"]
        asked = {rng.choice([*known, "x"]): values(rng) for _ in range(rng.randint(0, 4))}
        url = path.replace("{id}", "%s").replace("{number}", "%s")
        url = (
            url % rng.choice(["1", "x", "9" * 40, "00000000-0000-0000-0000-000000000007", "ID-01", "%00", "é"])
            if "%s" in url
            else url
        )
        answer = rng.choice(clients).get(url, asked)
        assert answer.status_code in (200, 400, 401, 403, 404), (url, asked)
        if answer.status_code != 200:
            assert answer["Content-Type"] == PROBLEM, (url, asked)
