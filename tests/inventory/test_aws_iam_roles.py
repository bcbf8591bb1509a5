"""Roles: who may take them, what that gives, when they were used, and who of it stands outside."""

from pathlib import Path
from typing import Any

import pytest

from apps.inventory.records import ENTITLEMENT, IDENTITY
from tests.inventory.iam import (
    ACCOUNT,
    OTHER,
    allow,
    arn,
    deny,
    document,
    export,
    given,
    identity,
    one,
    operations,
    policy,
    read,
    role,
    trusting,
    user,
)

INVOKE = "sagemaker:InvokeEndpoint"
HERE = trusting(AWS=f"arn:aws:iam::{ACCOUNT}:root")
TAKE = allow("sts:AssumeRole", arn("role", "caller"))


@pytest.mark.parametrize(
    ("statements", "trust", "expected"),
    [
        ([TAKE], HERE, True),
        ([TAKE], trusting(AWS=ACCOUNT), True),
        ([], HERE, False),
        ([allow("sts:*", arn("role", "other"))], HERE, False),
        ([TAKE, deny("sts:AssumeRole")], HERE, False),
        ([], trusting(AWS=[arn("user", "ann"), arn("user", "bob")]), True),
        ([TAKE], trusting(Service="ec2.amazonaws.com"), False),
        ([TAKE], trusting(AWS=f"arn:aws:iam::{OTHER}:root"), False),
    ],
)
def test_a_role_that_can_be_taken_gives_what_it_has(
    tmp_path: Path, statements: Any, trust: Any, expected: bool
) -> None:
    found = read(tmp_path, export(user("ann", *statements), role("caller", allow(INVOKE), trust=trust)))
    assert operations(found, "caller", "role") == {("endpoint.call", "*")}
    assert bool(given(found, "ann")) == expected
    if expected:
        row = one(found, "ann", "endpoint.call")
        assert (row["how"], row["via"], row["not_evaluated"]) == ("role", "role caller › inline policy own", "")


def test_roles_over_roles_and_in_circles(tmp_path: Path) -> None:
    first = role("first", allow("sts:AssumeRole"), trust=trusting(AWS=arn("user", "ann")))
    second = role("second", allow("sts:AssumeRole"), allow(INVOKE), trust=HERE)
    found = read(tmp_path, export(user("ann"), first, second))
    assert one(found, "ann", "endpoint.call")["via"] == "role first › role second › inline policy own"
    assert one(found, "first", "endpoint.call", "role")["how"] == "role"


def test_conditions_on_the_way_leave_it_open(tmp_path: Path) -> None:
    token = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole", "Condition": token})
    rows = (user("ann", TAKE), user("bob", TAKE | {"Condition": token}))
    found = read(tmp_path, export(*rows, role("caller", allow("sagemaker:*"), trust=trust)))
    ann, bob = one(found, "ann", "train.run"), one(found, "bob", "train.run")
    assert ann["not_evaluated"] == "a condition of the trust policy on aws:MultiFactorAuthPresent"
    assert "a condition on taking the role caller" in bob["not_evaluated"]
    assert (ann["privileged"], ann["full_access"]) == ("unknown", "unknown")
    assert one(found, "caller", "train.run", "role")["privileged"] == "yes"


def test_what_somebody_has_anyway_is_not_told_again(tmp_path: Path) -> None:
    found = read(tmp_path, export(user("ann", allow("*")), role("caller", allow(INVOKE), trust=HERE)))
    assert one(found, "ann", "endpoint.call")["via"] == "inline policy own"


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (
            {"RoleLastUsed": {"LastUsedDate": "2026-11-01 08:00:00+00:00", "Region": "x"}},
            ("used", "2026-11-01T08:00:00+00:00"),
        ),
        ({"RoleLastUsed": {"LastUsedDate": 1793520000.5}}, ("used", "2026-11-01T08:00:00.500000+00:00")),
        ({"RoleLastUsed": {}}, ("never", None)),
        ({"RoleLastUsed": {"Region": "eu-central-1"}}, ("unknown", None)),
        ({"RoleLastUsed": None}, ("unknown", None)),
        ({}, ("unknown", None)),
    ],
)
def test_absent_is_not_never(tmp_path: Path, used: Any, expected: Any) -> None:
    found = read(tmp_path, export(role("caller", allow(INVOKE), **used)))
    facts = identity(found, "caller", "role")
    at = facts["last_used_at"]
    assert (facts["use_state"], at.isoformat() if at else None) == expected
    assert one(found, "caller", "endpoint.call", "role")["last_used_at"] == at


@pytest.mark.parametrize(
    ("principal", "external"),
    [
        ({"Service": "sagemaker.amazonaws.com"}, "no"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "no"),
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, "yes"),
        ({"AWS": [ACCOUNT, OTHER]}, "yes"),
        ({"AWS": "*"}, "yes"),
        ({"AWS": "AIDAEXAMPLEDELETED"}, "unknown"),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/okta"}, "unknown"),
        ({"Federated": "accounts.google.com"}, "yes"),
    ],
)
def test_who_stands_outside(tmp_path: Path, principal: Any, external: str) -> None:
    found = read(tmp_path, export(role("caller", allow(INVOKE), trust=trusting(**principal))))
    assert identity(found, "caller", "role")["external"] == external


def test_other_accounts_of_the_organisation_are_not_outside(tmp_path: Path) -> None:
    rows = export(role("caller", allow(INVOKE), trust=trusting(AWS=f"arn:aws:iam::{OTHER}:root")))
    assert identity(read(tmp_path, rows, own_accounts=f"{OTHER};111122223333"), "caller", "role")["external"] == "no"
    record = read(tmp_path / "n", rows).of(IDENTITY)[arn("role", "caller")]
    assert record.raw["trusts_outside"] == [f"AWS account {OTHER}"]


@pytest.mark.parametrize(
    ("name", "more", "kind"),
    [
        ("job", {}, "workload"),
        ("AmazonBedrockExecutionRoleForAgents_X1", {"trust": trusting(Service="bedrock.amazonaws.com")}, "agent"),
        ("AWSServiceRoleForSupport", {"Path": "/aws-service-role/support.amazonaws.com/"}, "service"),
        ("people", {"trust": HERE}, "unknown"),
    ],
)
def test_what_stands_behind_a_role(tmp_path: Path, name: str, more: Any, kind: str) -> None:
    assert identity(read(tmp_path, export(role(name, **more))), name, "role")["kind"] == kind


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (allow("iam:PassRole"), {("train.run", "*", "yes"), ("agent.grant_tool", "*", "yes")}),
        (allow("iam:PassRole", arn("role", "train*")), {("train.run", arn("role", "train*"), "yes")}),
        (allow("iam:PassRole", arn("role", "web")), {("train.run", arn("role", "web"), "unknown")}),
        (
            allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}),
            {("train.run", "*", "yes")},
        ),
        (allow("iam:PassRole", Condition={"StringLike": {"iam:PassedToService": ["lambda.*", "ec2.*"]}}), set()),
    ],
)
def test_passing_a_role_to_an_ai_service(tmp_path: Path, statement: Any, expected: set[Any]) -> None:
    roles = (
        role("trainer", trust=trusting(Service="sagemaker.amazonaws.com")),
        role("agent", trust=trusting(Service=["bedrock.amazonaws.com"])),
        role("web"),
    )
    found = read(tmp_path, export(user("ann", statement), *roles))
    assert {(row["operation"], row["scope"], row["on_ai"]) for row in given(found, "ann")} == expected
    assert {row["not_evaluated"] for row in given(found, "ann")} <= {""}


def test_a_trust_policy_that_cannot_be_read(tmp_path: Path) -> None:
    found = read(tmp_path, export(role("caller", allow(INVOKE), trust="%7Bbroken"), user("ann", TAKE)))
    assert "AssumeRolePolicyDocument" in found.reasons()[0] and found.rejected[0].kind == ENTITLEMENT
    assert identity(found, "caller", "role")["external"] == "unknown"
    assert operations(found, "caller", "role") and not operations(found, "ann")


def test_an_unused_policy_gives_nobody_anything(tmp_path: Path) -> None:
    assert not read(tmp_path, export(user("ann"), policy("idle", allow("*")))).of(ENTITLEMENT)
