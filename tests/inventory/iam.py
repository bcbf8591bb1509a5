"""Answers of get-account-authorization-details, written to its documentation, and what the importer makes of them."""

from pathlib import Path
from typing import Any

from apps.inventory.importers.aws_iam import FORMAT
from apps.inventory.records import ENTITLEMENT, IDENTITY
from tests.inventory.given import Parsed, put_all

ACCOUNT, OTHER = "123456789012", "999988887777"
Row = dict[str, Any]


def arn(kind: str, name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:{kind}/{name}"


def document(*statements: Any) -> Row:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> Row:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> Row:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def inline(*statements: Any, name: str = "own") -> list[Row]:
    return [{"PolicyName": name, "PolicyDocument": document(*statements)}]


def attached(*arns: str) -> list[Row]:
    return [{"PolicyName": one.rsplit("/", 1)[-1], "PolicyArn": one} for one in arns]


def policy(name: str, *statements: Any, **more: Any) -> Row:
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document(*statements)}
    own = {"PolicyName": name, "Arn": arn("policy", name), "DefaultVersionId": "v1", "PolicyVersionList": [version]}
    return own | more


def user(name: str, *statements: Any, **more: Any) -> Row:
    own = {"UserName": name, "UserId": "AIDA1", "Arn": arn("user", name), "CreateDate": "2024-03-01T08:00:00Z"}
    return own | ({"UserPolicyList": inline(*statements)} if statements else {}) | more


def group(name: str, *statements: Any, **more: Any) -> Row:
    own = {"GroupName": name, "GroupId": "AGPA1", "Arn": arn("group", name), "CreateDate": "2024-03-01T08:00:00Z"}
    return own | {"GroupPolicyList": inline(*statements) if statements else []} | more


def trusting(**principal: Any) -> Row:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def role(name: str, *statements: Any, trust: Any = None, **more: Any) -> Row:
    own: Row = {"RoleName": name, "RoleId": "AROA1", "Path": "/", "Arn": arn("role", name)}
    own |= {"CreateDate": "2024-03-01T08:00:00Z", "RolePolicyList": inline(*statements) if statements else []}
    return own | {"AssumeRolePolicyDocument": trust or trusting(Service="ec2.amazonaws.com")} | more


def export(*rows: Row, **more: Any) -> Row:
    lists: Row = {
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": [],
        "Policies": [],
        "IsTruncated": False,
    }
    names = {"UserName": "UserDetailList", "GroupName": "GroupDetailList", "RoleName": "RoleDetailList"}
    for row in rows:
        lists[next((names[key] for key in names if key in row), "Policies")].append(row)
    return lists | more


def read(tmp_path: Path, *contents: Any, **options: str) -> Parsed:
    """Parse the contents, each a file of its own."""
    files = put_all(tmp_path, {f"{number}.json": content for number, content in enumerate(contents)})
    return Parsed(FORMAT.parse(files, options))


def given(found: Parsed, name: str, kind: str = "user") -> list[Row]:
    """Return the facts of the entitlements of an identity."""
    rows = [record.facts for record in found.of(ENTITLEMENT).values()]
    return [dict(row) for row in rows if row["identity_key"] == arn(kind, name)]


def operations(found: Parsed, name: str, kind: str = "user") -> set[tuple[str, str]]:
    """Return what an identity may do where."""
    return {(row["operation"], row["scope"]) for row in given(found, name, kind)}


def one(found: Parsed, name: str, operation: str, kind: str = "user") -> Row:
    """Return the only entitlement of an identity to an operation."""
    (row,) = [row for row in given(found, name, kind) if row["operation"] == operation]
    return row


def identity(found: Parsed, name: str, kind: str = "user") -> Row:
    """Return the facts of an identity."""
    return dict(found.of(IDENTITY)[arn(kind, name)].facts)
