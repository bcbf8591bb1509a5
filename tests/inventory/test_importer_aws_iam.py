"""Policies to operations: every form a policy comes in, and what a deny, a condition or a boundary makes of it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from apps.governance.operations import OPERATIONS
from apps.inventory.importers.aws_iam.actions import ACTIONS, ON_MODELS, PRIVILEGED
from apps.inventory.records import ENTITLEMENT, IDENTITY
from tests.inventory.iam import (
    ACCOUNT,
    allow,
    arn,
    attached,
    deny,
    document,
    export,
    given,
    group,
    identity,
    inline,
    one,
    operations,
    policy,
    read,
    user,
)

ENDPOINT = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:endpoint/fraud"
INVOKE = "sagemaker:InvokeEndpoint"
CALL = {("endpoint.call", "*")}


def test_the_operations_are_those_of_the_catalogue_with_their_care() -> None:
    """The catalogue stands above the inventory, so the two are held together here."""
    used = {action.operation for action in ACTIONS} | set(ON_MODELS.values())
    assert used <= set(OPERATIONS)
    assert {key for key in used if OPERATIONS[key].privileged} == set(PRIVILEGED)


@pytest.mark.parametrize(
    "statement",
    [
        allow(INVOKE),
        allow([INVOKE], ["*"]),
        allow("SageMaker:invokeENDPOINT"),
        allow("sagemaker:Invoke*"),
        allow("sagemaker:InvokeEndpoin?"),
        allow(["ec2:*", INVOKE], [ENDPOINT, "*"]) | {"Resource": "*"},
    ],
)
def test_text_or_list_wildcards_and_letter_case(tmp_path: Path, statement: Any) -> None:
    assert operations(read(tmp_path, export(user("ann", statement))), "ann") == CALL


@pytest.mark.parametrize(
    "written",
    [
        {"Statement": allow(INVOKE)},
        json.dumps(document(allow(INVOKE))),
        quote(json.dumps(document(allow(INVOKE)))),
        quote(json.dumps(document(allow(INVOKE))), safe=""),
    ],
)
def test_a_document_as_object_as_text_and_url_encoded(tmp_path: Path, written: Any) -> None:
    rows = [{"PolicyName": "p", "PolicyDocument": written}]
    found = read(tmp_path, export(user("ann", UserPolicyList=rows)))
    assert operations(found, "ann") == CALL and not found.rejected


def test_the_default_version_of_a_managed_policy_counts(tmp_path: Path) -> None:
    old = {"VersionId": "v2", "IsDefaultVersion": False, "Document": document(allow("bedrock:*"))}
    new = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document(allow(INVOKE))}
    row = policy("calls", DefaultVersionId="v1", PolicyVersionList=[old, new])
    found = read(tmp_path, export(user("ann", AttachedManagedPolicies=attached(arn("policy", "calls"))), row))
    assert operations(found, "ann") == CALL
    assert one(found, "ann", "endpoint.call")["via"] == "policy calls"


def test_groups_pass_on_what_they_have_and_the_way_is_told(tmp_path: Path) -> None:
    rows = (user("ann", GroupList=["callers"]), user("bob", allow(INVOKE), GroupList=["callers"]))
    found = read(tmp_path, export(*rows, group("callers", allow(INVOKE))))
    ann, bob = one(found, "ann", "endpoint.call"), one(found, "bob", "endpoint.call")
    assert (ann["how"], ann["via"]) == ("group", "group callers › inline policy own")
    assert (bob["how"], bob["via"]) == ("direct", "inline policy own and 1 more")
    record = found.of(ENTITLEMENT)[f"{arn('user', 'bob')}|endpoint.call|*"]
    assert record.raw["paths"] == ["inline policy own", "group callers › inline policy own"]


def test_a_service_wildcard_is_every_operation_and_full_access(tmp_path: Path) -> None:
    found = read(tmp_path, export(user("ann", allow("bedrock:*")), user("bob", allow("bedrock:Invoke*"))))
    assert {op for op, _ in operations(found, "ann")} >= {"endpoint.call", "guardrail.change", "agent.grant_tool"}
    assert {row["full_access"] for row in given(found, "ann")} == {"yes"}
    assert operations(found, "bob") == CALL and one(found, "bob", "endpoint.call")["full_access"] == "no"
    narrow = read(tmp_path / "n", export(user("cid", allow("sagemaker:*", ENDPOINT))))
    assert operations(narrow, "cid") == {
        (op, ENDPOINT) for op in ("endpoint.call", "endpoint.configure", "model.deploy")
    }
    assert {row["full_access"] for row in given(narrow, "cid")} == {"no"}


def test_a_resource_of_another_service_gives_nothing(tmp_path: Path) -> None:
    bucket = ["arn:aws:s3:::models", f"arn:aws:sagemaker:*:{ACCOUNT}:notebook-instance/*"]
    assert operations(read(tmp_path, export(user("ann", allow([INVOKE, "s3:GetObject"], bucket)))), "ann") == set()


def test_not_action_is_everything_else(tmp_path: Path) -> None:
    power = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}
    found = read(tmp_path, export(user("ann", power), user("bob", power | {"NotAction": ["sagemaker:*", "bedrock*"]})))
    assert ("train.run", "*") in operations(found, "ann")
    assert {row["full_access"] for row in given(found, "ann")} == {"yes"}
    assert "iam:PassRole" not in found.of(ENTITLEMENT)[f"{arn('user', 'ann')}|train.run|*"].raw["actions"]
    # Neither SageMaker nor Bedrock: passing roles, and objects of buckets of which nothing is known, are left.
    assert {row["on_ai"] for row in given(found, "bob")} == {"unknown"}


def test_not_resource_is_told_and_not_guessed(tmp_path: Path) -> None:
    but = {"Effect": "Allow", "Action": INVOKE, "NotResource": ENDPOINT}
    row = one(read(tmp_path, export(user("ann", but))), "ann", "endpoint.call")
    assert (row["scope"], row["not_evaluated"]) == ("*", f"all but {ENDPOINT}")


def test_a_condition_leaves_it_open(tmp_path: Path) -> None:
    office = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    found = read(
        tmp_path, export(user("ann", allow("sagemaker:*", Condition=office)), user("bob", allow("sagemaker:*")))
    )
    ann, bob = one(found, "ann", "train.run"), one(found, "bob", "train.run")
    assert (ann["privileged"], ann["full_access"], ann["not_evaluated"]) == (
        "unknown", "unknown", "a condition on aws:SourceIp",
    )  # fmt: skip
    assert (bob["privileged"], bob["full_access"], bob["not_evaluated"]) == ("yes", "yes", "")
    told = dict(found.covered[ENTITLEMENT].not_evaluated)
    assert told["Conditions"] == len(given(found, "ann"))
    both = read(tmp_path / "b", export(user("ann", allow(INVOKE, Condition=office), allow(INVOKE))))
    assert one(both, "ann", "endpoint.call")["not_evaluated"] == ""


@pytest.mark.parametrize(
    ("denial", "expected", "left_open"),
    [
        (deny(INVOKE), False, ""),
        (deny("*"), False, ""),
        (deny("sagemaker:*", ENDPOINT), False, ""),
        (deny("sagemaker:*", "arn:aws:sagemaker:*"), False, ""),
        (deny("sagemaker:*", ENDPOINT + "-other"), True, ""),
        (deny("bedrock:*"), True, ""),
        ({"Effect": "Deny", "NotAction": "bedrock:*", "Resource": "*"}, False, ""),
        ({"Effect": "Deny", "Action": "sagemaker:*", "NotResource": ENDPOINT}, True, ""),
        ({"Effect": "Deny", "Action": "sagemaker:*", "NotResource": "arn:aws:s3:::*"}, False, ""),
        (
            deny("sagemaker:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
            True,
            "a denial on condition of aws:MultiFactorAuthPresent (group g › inline policy own)",
        ),
    ],
)
def test_a_denial_wins_where_it_can_be_told(tmp_path: Path, denial: Any, expected: bool, left_open: str) -> None:
    """The denial hangs on a group, the permission on the user."""
    rows = (user("ann", allow(INVOKE, ENDPOINT), GroupList=["g"]), group("g", denial))
    found = read(tmp_path, export(*rows))
    assert bool(given(found, "ann")) == expected
    if expected:
        assert one(found, "ann", "endpoint.call")["not_evaluated"] == left_open


def test_a_denial_of_a_part_leaves_it_open(tmp_path: Path) -> None:
    row = one(read(tmp_path, export(user("ann", allow(INVOKE), deny(INVOKE, ENDPOINT)))), "ann", "endpoint.call")
    assert row["not_evaluated"] == "a denial of a part of it (inline policy own)"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (allow("*"), ""),
        (allow("s3:*"), None),
        (allow("sagemaker:*", ENDPOINT), "the permissions boundary policy edge"),
        (
            allow("sagemaker:*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
            "the permissions boundary policy edge",
        ),
    ],
)
def test_a_boundary_only_takes_away(tmp_path: Path, statement: Any, expected: str | None) -> None:
    edge = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "edge")}
    found = read(tmp_path, export(user("ann", allow(INVOKE), PermissionsBoundary=edge), policy("edge", statement)))
    assert [row["not_evaluated"] for row in given(found, "ann")] == ([] if expected is None else [expected])


def test_a_boundary_that_is_not_there_is_told(tmp_path: Path) -> None:
    edge = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "edge")}
    found = read(tmp_path, export(user("ann", allow(INVOKE), PermissionsBoundary=edge)))
    assert "boundary policy edge, its document is not in" in one(found, "ann", "endpoint.call")["not_evaluated"]
    assert not found.covered[ENTITLEMENT].complete and found.covered[IDENTITY].complete


def test_buckets_of_models_are_those_that_are_known(tmp_path: Path) -> None:
    reads = allow("s3:Get*", ["arn:aws:s3:::fenwick-models/*", "arn:aws:s3:::logs/*"])
    rows = export(user("ann", reads), user("bob", allow("s3:*", "arn:aws:s3:::sagemaker-eu-central-1-1/*")))
    found = read(tmp_path, rows, model_buckets="fenwick-models, ml-*")
    assert operations(found, "ann") == {
        ("weights.read", "arn:aws:s3:::fenwick-models/*"), ("data.read", "arn:aws:s3:::logs/*"),
    }  # fmt: skip
    assert (one(found, "ann", "weights.read")["on_ai"], one(found, "ann", "data.read")["on_ai"]) == ("yes", "unknown")
    assert {op for op, _ in operations(found, "bob")} == {"weights.read", "train.run"}
    assert {op for op, _ in operations(read(tmp_path / "n", rows), "ann")} == {"data.read"}


def test_what_is_not_in_the_files_is_an_access_of_which_nothing_is_known(tmp_path: Path) -> None:
    rows = user("ann", AttachedManagedPolicies=attached(arn("policy", "gone")), GroupList=["ghosts"])
    found = read(tmp_path, export(rows))
    facts = {row["operation"]: (row["privileged"], row["on_ai"], row["full_access"]) for row in given(found, "ann")}
    assert facts == dict.fromkeys(["policy gone", "group ghosts"], ("unknown", "unknown", "unknown"))
    assert not found.covered[ENTITLEMENT].complete


def test_policy_variables_are_told(tmp_path: Path) -> None:
    own = "arn:aws:s3:::sagemaker-${aws:username}/*"
    row = one(read(tmp_path, export(user("ann", allow("s3:GetObject", own)))), "ann", "weights.read")
    assert (row["scope"], row["not_evaluated"]) == (own, "a policy variable")


def test_who_may_do_everything_administers(tmp_path: Path) -> None:
    root = inline(allow("*"))
    rows = (
        user("ann", UserPolicyList=root),
        user("bob", UserPolicyList=root, GroupList=["g"]),
        user("cid", allow("iam:*")),
    )
    found = read(tmp_path, export(*rows, group("g", deny("iam:*"))))
    assert [identity(found, name)["is_admin"] for name in ("ann", "bob", "cid")] == ["yes", "unknown", "unknown"]
