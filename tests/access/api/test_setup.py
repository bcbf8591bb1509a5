"""Policies, targets and orphans, to read: for wide roles, whole, and without a secret."""

import pytest

from apps.access.models import Binding, PolicyVersion
from apps.core import clock
from tests.access.api.conftest import Caller, refused
from tests.access.asking import World
from tests.factories import make_connection
from tests.security.access_world import make_binding

pytestmark = pytest.mark.django_db
READERS, OTHERS = ("ciso", "security_admin", "auditor"), ("manager", "owner", "engineer", "outsider")
LISTS = ("policies/versions", "targets", "orphans")


@pytest.fixture
def targets(world: World) -> dict[str, int]:
    """A way over a connection with a secret, one by hand, and access there that no grant explains."""
    made = make_binding()
    connection = make_connection(name="Registry", settings={"url": "https://registry.example", "user": "svc"})
    type(connection).objects.filter(pk=connection.pk).update(sealed="s3cr3t-sealed", secret_set_at=clock.now())
    over = Binding.objects.create(
        provisioner="webhook", connection=connection, asset=world.asset, levels={"eval.run": "reader"},
        settings={"account": "email", "resource": "internal-name"}, created_at=clock.now(),
    )  # fmt: skip
    return {**made, "over": over.pk}


def test_the_policies_in_force_with_their_reasons(session: Caller, tokens: Caller, world: World) -> None:
    version = PolicyVersion.objects.latest("number")
    for api in [session(name) for name in READERS] + [tokens("auditor", "read:access")]:
        told = api.get("policies").json()
        assert told["version"]["number"] == version.number and told["version"]["digest"] == version.digest
        assert {one["slug"] for one in told["policies"]} == set(version.texts)
        assert all(one["reason"] and one["text"] and one["effect"] in ("permit", "forbid") for one in told["policies"])
    for name in OTHERS:
        refused(session(name).get("policies"), 403, "Policies are shown to")
    refused(tokens("auditor", "request").get("policies"), 403, "scope")


def test_versions_come_whole_one_by_one(session: Caller, world: World) -> None:
    version = PolicyVersion.objects.latest("number")
    (row,) = session("auditor").get("policies/versions").json()["results"]
    assert "policies" not in row and row["number"] == version.number
    told = session("auditor").get(f"policies/versions/{version.number}").json()
    assert told["policies"] == version.texts
    refused(session("engineer").get(f"policies/versions/{version.number}"), 404)


def test_no_token_and_no_session_changes_policies_or_targets_here(
    session: Caller, tokens: Caller, targets: dict[str, int]
) -> None:
    """Their changes are shown before they are saved, and take a second administrator."""
    for api in (session("security_admin"), tokens("security_admin", "request", "read:access")):
        for path in ("policies", "policies/versions", "policies/versions/1", "targets", f"targets/{targets['over']}"):
            refused(api.post(path, {"note": "x"}), 405)


def test_targets_tell_how_and_never_a_secret(session: Caller, targets: dict[str, int]) -> None:
    for name in READERS:
        api = session(name)
        told = api.get("targets").json()["results"]
        over = next(row for row in told if row["id"] == targets["over"])
        assert (over["connection"], over["provisioner"], over["levels"]) == (
            "Registry",
            "webhook",
            {"eval.run": "reader"},
        )
        assert api.get(f"targets/{targets['over']}").json() == over and over["unfinished"] == 0
        (orphan,) = api.get("orphans").json()["results"]
        assert (orphan["account"], orphan["target"]) == ("ztportal_g_9", targets["binding"])
        for hidden in ("s3cr3t", "sealed", "registry.example", "settings", "internal-name"):
            assert hidden not in str(told)
        assert api.get("orphans", target=str(targets["over"])).json()["results"] == []
        assert len(api.get("targets", enabled="true", provisioner="webhook").json()["results"]) == 1


def test_others_see_none_of_it(session: Caller, tokens: Caller, targets: dict[str, int]) -> None:
    for name in OTHERS:
        api = session(name)
        for path in LISTS:
            assert api.get(path).json()["results"] == []
        refused(api.get(f"targets/{targets['over']}"), 404)
        refused(api.get(f"orphans/{targets['orphan']}"), 404)
    for path in LISTS:
        refused(tokens("auditor", "read:inventory").get(path), 403, "scope")
        refused(session("auditor").get(path, connection__sealed="x"), 400, "connection__sealed")
