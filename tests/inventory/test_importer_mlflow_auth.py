"""Users of MLflow: rows, roles, the server's default, administrators, and what is no answer about users."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from apps.inventory.importers.mlflow_auth import FORMAT
from apps.inventory.models import Entitlement, Identity, Source
from apps.inventory.records import ENTITLEMENT, IDENTITY, UnrecognisedInput
from tests.inventory.given import Parsed, put_all

ADA = {
    "id": 2, "username": "ada", "is_admin": False,
    "registered_model_permissions": [
        {"name": "fraud-scorer", "permission": "MANAGE", "user_id": 2},
        {"name": "churn-forest", "permission": "NO_PERMISSIONS", "user_id": 2},
    ],
    "experiment_permissions": [{"experiment_id": "1", "permission": "EDIT", "user_id": 2}],
}  # fmt: skip
ROOT = {"id": 1, "username": "root@fenwick.example", "is_admin": True}


def read(tmp_path: Path, *contents: Any, **options: str) -> Parsed:
    files = put_all(tmp_path, {f"{number}.json": content for number, content in enumerate(contents)})
    return Parsed(FORMAT.parse(files, options))


def access(found: Parsed) -> set[tuple[str, str, str, str]]:
    """Return who may do what where, and how."""
    rows = [record.facts for record in found.of(ENTITLEMENT).values()]
    return {(row["identity_key"], row["operation"], row["scope"], row["how"]) for row in rows}


def test_the_absence_of_a_row_is_not_the_absence_of_access(tmp_path: Path) -> None:
    """The default is READ as MLflow is delivered, or what the import is told."""
    found = read(tmp_path, {"user": ADA})
    rows = {("ada", "MANAGE", "fraud-scorer", "direct"), ("ada", "EDIT", "experiment:1", "direct")}
    assert access(found) == rows | {("ada", "READ", "*", "default")}
    assert access(read(tmp_path, {"user": ADA}, default_permission="EDIT")) == rows | {("ada", "EDIT", "*", "default")}
    assert access(read(tmp_path, {"user": ADA}, default_permission="no_permissions")) == rows


def test_an_administrator_has_everything_without_a_row(tmp_path: Path) -> None:
    found = read(tmp_path, {"users": [ROOT]})
    assert access(found) == {(ROOT["username"], "MANAGE", "*", "administrator")}
    facts = found.of(IDENTITY)["root@fenwick.example"].facts
    assert (facts["login"], facts["email"], facts["is_admin"]) == (ROOT["username"], ROOT["username"], "yes")
    assert {row.facts["privileged"] for row in found.of(ENTITLEMENT).values()} == {"yes"}


def test_roles_of_later_servers(tmp_path: Path) -> None:
    """What stands in the user's own role was given to the user; the rest comes by a role."""

    def role(name: str, level: str, pattern: str, kind: str = "registered_model") -> dict[str, Any]:
        return {"id": 2, "name": name, "workspace": "default", "permissions": [
            {"id": 1, "permission": level, "resource_pattern": pattern, "resource_type": kind, "role_id": 2}
        ]}  # fmt: skip

    roles = [role("__user_2__", "EDIT", "fraud-scorer"), role("ops", "USE", "*"), role("ops", "DENY", "x"),
             role("lab", "READ", "7", "experiment")]  # fmt: skip
    found = read(tmp_path, {"users": [{"id": 2, "username": "ada", "is_admin": False, "roles": roles}]})
    assert access(found) == {
        ("ada", "READ", "*", "default"), ("ada", "EDIT", "fraud-scorer", "direct"), ("ada", "USE", "*", "role"),
        ("ada", "READ", "experiment:7", "role"),
    }  # fmt: skip


def test_only_the_list_of_all_users_says_who_is_gone(tmp_path: Path) -> None:
    one, everybody = read(tmp_path, {"user": ADA}), read(tmp_path, {"users": [ADA, ROOT]})
    assert (one.covered[IDENTITY].complete, everybody.covered[IDENTITY].complete) == (False, True)
    assert everybody.covered[ENTITLEMENT].complete


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "not found"}, "an error answer of the server"),
        ({"registered_model_permission": {"name": "x", "permission": "READ", "user_id": 2}}, "by number only"),
        ({"is_admin": False, "permissions": []}, "does not name"),
        ({"users": [{"username": "x"}]}, "no user of MLflow"),
        ({"user": {**ADA, "registered_model_permissions": "all"}}, "a list was expected"),
        ({"user": {**ADA, "username": ""}}, "missing"),
        ({"user": ROOT}, "appears twice"),
    ],
)
def test_what_cannot_be_taken_is_named(tmp_path: Path, content: Any, reason: str) -> None:
    found = read(tmp_path, {"users": [ROOT]}, content)
    assert len(found.rejected) == 1 and reason in found.reasons()[0]
    assert set(found.of(IDENTITY)) == {ROOT["username"]}


def test_nothing_of_mlflow_or_no_such_default_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(UnrecognisedInput, match="recognised"):
        read(tmp_path, {"value": []})
    with pytest.raises(UnrecognisedInput, match="default permission 'ALL'"):
        read(tmp_path, {"user": ADA}, default_permission="all")


@pytest.mark.real_inputs
@pytest.mark.django_db
def test_real_users_with_the_default_of_their_server(real_inputs: Path) -> None:
    """The recorded server: alice manages one model, is barred from another, and reads the rest by default."""
    folder = real_inputs / "mlflow-auth"
    call_command("import_inventory", "auto", str(folder), source="mlflow-auth", default_permission="READ", verbosity=0)
    source = Source.objects.get(name="mlflow-auth")
    assert (source.format, source.brings_ai_entitlements) == ("mlflow-auth", True)
    assert set(Identity.objects.values_list("login", "is_admin")) == {("admin", "yes"), ("alice", "no")}
    rows = Entitlement.objects.filter(identity__login="alice").values_list("operation", "scope", "how")
    assert set(rows) == {("MANAGE", "fraud-scorer", "direct"), ("READ", "*", "default")}
