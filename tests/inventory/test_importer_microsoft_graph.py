"""Microsoft Graph: what is recognised, merged, refused, and what stays unknown."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apps.inventory.importers.microsoft_graph import FORMAT
from apps.inventory.records import ENTITLEMENT, FACTOR, IDENTITY, UnrecognisedInput
from tests.inventory.given import Parsed, parsed, put_all

CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"
REGISTRATION = "reports/authenticationMethods/userRegistrationDetails"
GLOBAL_ADMIN = "62e90394-69f5-4237-9190-012177145e10"


def user(key: str = "u1", **fields: Any) -> dict[str, Any]:
    return {"id": key, "displayName": "Ada Byron", "userPrincipalName": f"{key}@fenwick.example", **fields}


def details(key: str = "u1", **fields: Any) -> dict[str, Any]:
    return {"id": key, "userPrincipalName": f"{key}@fenwick.example", "isMfaRegistered": True, **fields}


def assignment(key: str = "a1", **fields: Any) -> dict[str, Any]:
    principal = {"@odata.type": "#microsoft.graph.user", "id": "u1", "displayName": "Ada", "accountEnabled": True}
    return {
        "id": key, "principalId": "u1", "roleDefinitionId": GLOBAL_ADMIN, "directoryScopeId": "/",
        "principal": principal, **fields,
    }  # fmt: skip


def page(context: str, *rows: Any, **more: Any) -> dict[str, Any]:
    return {"@odata.context": CONTEXT + context, "value": list(rows), **more}


def read(tmp_path: Path, **documents: Any) -> Parsed:
    return parsed(FORMAT, put_all(tmp_path, {f"{name}.json": content for name, content in documents.items()}))


def test_facts_of_a_user(tmp_path: Path) -> None:
    row = user(
        userType="Member", accountEnabled=False, mail="ada@fenwick.example", department="Risk", jobTitle="Analyst",
        employeeId="E7", createdDateTime="2023-03-13T19:15:41.6195833Z",
        manager={"id": "u9", "mail": "boss@fenwick.example"},
    )  # fmt: skip
    facts = read(tmp_path, users=page("users", row)).of(IDENTITY)["u1"].facts
    expected = {
        "kind": "human", "enabled": "no", "email": "ada@fenwick.example", "department": "Risk", "job_title": "Analyst",
        "employee_id": "E7", "manager_key": "boss@fenwick.example", "login": "u1@fenwick.example", "name": "Ada Byron",
        "created_on_source_at": datetime(2023, 3, 13, 19, 15, 41, 619583, tzinfo=UTC),
    }  # fmt: skip
    assert {name: facts[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("activity", "state", "at"),
    [
        ({"signInActivity": {"lastSignInDateTime": "0001-01-01T00:00:00Z"}}, "never", None),
        ({"signInActivity": {}}, "never", None),
        ({"signInActivity": {"lastSignInDateTime": None}}, "never", None),
        ({"signInActivity": None}, "unknown", None),
        (
            {
                "signInActivity": {
                    "lastSignInDateTime": "2026-01-02T00:00:00Z",
                    "lastNonInteractiveSignInDateTime": "2026-03-02T00:00:00Z",
                    "lastSuccessfulSignInDateTime": "2026-02-02T00:00:00Z",
                }
            },
            "used",
            datetime(2026, 3, 2, tzinfo=UTC),
        ),
    ],
)
def test_never_and_unknown_are_different(tmp_path: Path, activity: Any, state: str, at: Any) -> None:
    facts = read(tmp_path, users=page("users", user(**activity))).of(IDENTITY)["u1"].facts
    assert (facts["use_state"], facts["last_used_at"]) == (state, at)


def test_properties_that_were_not_selected_are_unknown_columns(tmp_path: Path) -> None:
    found = read(tmp_path, users=page("users", user()))
    assert "use_state" not in found.of(IDENTITY)["u1"].facts
    unknown = found.covered[IDENTITY].unknown_columns
    assert {"enabled", "use_state", "last_used_at", "department", "manager_key", "mfa_known", "is_admin"} <= set(
        unknown
    )
    assert not {"name", "login", "kind"} & set(unknown)


@pytest.mark.parametrize("fields", [{"userType": "Guest"}, {"userPrincipalName": "eve_mail.com#EXT#@fenwick.example"}])
def test_guests(tmp_path: Path, fields: dict[str, str]) -> None:
    assert read(tmp_path, users=page("users", user(**fields))).of(IDENTITY)["u1"].facts["kind"] == "guest"


def test_methods_and_their_strength(tmp_path: Path) -> None:
    methods = [
        "fido2SecurityKey", "microsoftAuthenticatorPush", "mobilePhone", "securityQuestion", "email", "tinCanPhone",
    ]  # fmt: skip
    found = read(tmp_path, details=page(REGISTRATION, details(methodsRegistered=methods, isAdmin=True)))
    strengths = {r.facts["type"]: r.facts["strength"] for r in found.of(FACTOR).values()}
    assert strengths == {
        "fido2SecurityKey": "phishing_resistant", "microsoftAuthenticatorPush": "strong", "mobilePhone": "weak",
        "securityQuestion": "not_a_factor", "email": "not_a_factor", "tinCanPhone": "weak",
    }  # fmt: skip
    facts = found.of(IDENTITY)["u1"].facts
    assert (facts["mfa_known"], facts["is_admin"]) == ("yes", "yes")


def test_registration_alone_says_nothing_of_who_is_gone(tmp_path: Path) -> None:
    found = read(tmp_path, details=page(REGISTRATION, details(methodsRegistered=[])))
    assert not found.covered[IDENTITY].complete
    assert {"enabled", "use_state", "department"} <= set(found.covered[IDENTITY].unknown_columns)
    assert found.covered[FACTOR].complete


def test_files_of_one_import_merge_by_object_id(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        first=page("users", user(accountEnabled=True)),
        second=page("users", user(department="Risk")),
        third=page(REGISTRATION, details(methodsRegistered=["hardwareOneTimePasscode"])),
        fourth=page("roleManagement/directory/roleAssignments(principal())", assignment()),
    )
    facts = found.of(IDENTITY)["u1"].facts
    assert (facts["enabled"], facts["department"], facts["mfa_known"], facts["is_admin"]) == (
        "yes",
        "Risk",
        "yes",
        "yes",
    )
    assert len(found.of(IDENTITY)) == 1
    assert found.reasons() == []


def test_role_assignments(tmp_path: Path) -> None:
    robot = {
        "@odata.type": "#microsoft.graph.servicePrincipal", "id": "s1", "displayName": "deployer",
        "accountEnabled": True, "servicePrincipalType": "ManagedIdentity",
    }  # fmt: skip
    group = {"@odata.type": "#microsoft.graph.group", "id": "g1", "displayName": "On-call"}
    found = read(
        tmp_path,
        roles=page(
            "roleManagement/directory/roleAssignments",
            assignment(),
            assignment(
                "a2", principalId="s1", principal=robot, roleDefinitionId="custom-role", directoryScopeId="/au/1"
            ),
            assignment("a3", principalId="g1", principal=group),
        ),
    )
    admin, custom = found.of(ENTITLEMENT)["a1"].facts, found.of(ENTITLEMENT)["a2"].facts
    assert (admin["operation"], admin["privileged"], admin["on_ai"]) == ("Global Administrator", "yes", "no")
    assert (custom["operation"], custom["scope"], custom["privileged"]) == ("custom-role", "/au/1", "unknown")
    assert found.of(IDENTITY)["s1"].facts["kind"] == "workload"
    assert "g1" not in found.of(IDENTITY)
    assert "given to the group On-call" in found.reasons()[0]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: rows,
        lambda rows: {"value": rows},
        lambda rows: {"data": rows},
        lambda rows: {"users": rows},
        lambda rows: {"value": rows[0]},
        lambda rows: rows[0],
        lambda rows: "\n".join(json.dumps(row) for row in [*rows, user("u2")]),
        lambda rows: b"\xef\xbb\xbf" + json.dumps(rows).encode(),
    ],
)
def test_any_wrapper(tmp_path: Path, wrap: Any) -> None:
    assert "u1" in read(tmp_path, users=wrap([user()])).of(IDENTITY)


def test_a_next_link_at_the_end_means_incomplete(tmp_path: Path) -> None:
    first = page("users", user(), **{"@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skiptoken=x"})
    assert not read(tmp_path, one=first).covered[IDENTITY].complete
    assert read(tmp_path, one=first, two=page("users", user("u2"))).covered[IDENTITY].complete


@pytest.mark.parametrize(
    ("row", "where", "reason"),
    [
        ({"displayName": "No id", "userPrincipalName": "x@y"}, "$.value[1].id", "missing"),
        (user("u2", accountEnabled="perhaps"), "$.value[1].accountEnabled", "true or false"),
        (user("u2", createdDateTime="yesterday"), "$.value[1].createdDateTime", "not a time"),
        (user("u2", displayName=7), "$.value[1].displayName", "text was expected"),
        (user("u1"), "$.value[1].id", "twice"),
        ("nonsense", "$.value[1]", "an object was expected"),
    ],
)
def test_one_bad_record_is_rejected_with_its_place(tmp_path: Path, row: Any, where: str, reason: str) -> None:
    found = read(tmp_path, users=page("users", user(), row))
    assert set(found.of(IDENTITY)) == {"u1"}
    assert found.reasons()[0].startswith(f"users.json {where}: ") and reason in found.reasons()[0]


def test_a_rejected_user_keeps_the_row_of_an_earlier_import(tmp_path: Path) -> None:
    rejected = read(tmp_path, users=page("users", user("u2", accountEnabled="perhaps"))).rejected[0]
    assert (rejected.kind, rejected.key) == (IDENTITY, "u2")


def test_other_resources_are_named_and_refused(tmp_path: Path) -> None:
    device = {"@odata.type": "#microsoft.graph.managedDevice", "id": "d1", "complianceState": "compliant"}
    found = read(tmp_path, devices={"value": [device]}, users=page("users", user()), broken="{")
    assert found.reasons() == [
        "broken.json line 1, column 2: it is not JSON",
        "devices.json file: recognised managedDevices, which this format does not take",
    ]
    (tmp_path / "users.json").unlink()
    with pytest.raises(UnrecognisedInput, match="managedDevices"):
        read(tmp_path, devices={"value": [device]})


def test_secrets_and_hostile_text(tmp_path: Path) -> None:
    row = user(displayName="a\x00b", passwordProfile={"password": "hunter2"})
    record = read(tmp_path, users=page("users", row)).of(IDENTITY)["u1"]
    assert record.facts["name"] == "ab"
    assert "hunter2" not in json.dumps(record.raw)


def test_deep_nesting_is_refused_quickly(tmp_path: Path) -> None:
    found = read(tmp_path, deep="[" * 1_000_000, users=page("users", user()))
    assert "nests deeper" in found.reasons()[0]


def test_a_record_that_nests_deep_is_kept_without_its_depth(tmp_path: Path) -> None:
    deep: Any = "end"
    for _ in range(400):
        deep = [deep]
    record = read(tmp_path, users=page("users", user(onPremises=deep))).of(IDENTITY)["u1"]
    assert "left out" in json.dumps(record.raw)


def test_detection_names_the_tenant(tmp_path: Path) -> None:
    files = put_all(tmp_path, {"users.json": page("users", user(), user("u2"))})
    found = FORMAT.detect(files)
    assert (found.score, found.source_name) == (90, "entra-fenwick.example")
    assert FORMAT.detect(put_all(tmp_path / "other", {"x.json": {"registered_models": []}})).score == 0
