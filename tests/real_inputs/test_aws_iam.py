"""Real authorization details: identities and access equal a plain recount of the JSON, statement by statement."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from apps.inventory.models import Entitlement, Identity
from tests.real_inputs.run import imported

pytestmark = [pytest.mark.real_inputs, pytest.mark.django_db]
FOLDER = "aws-iam-authorization-details"
FORMAT = "aws-iam-authorization-details"
NAMES = ("aws-cli-doc-example.json", "lab-3-users.json")
#: One action of each operation, found in no policy by chance.
PROBES = {
    "sagemaker:CreateHyperParameterTuningJob": "hparam.tune",
    "sagemaker:InvokeEndpoint": "endpoint.call",
    "bedrock:InvokeModel": "endpoint.call",
    "bedrock:CreateGuardrail": "guardrail.change",
    "sagemaker:UpdateModelPackage": "model.promote",
    "sagemaker:PutRecord": "data.curate",
    "s3:GetObject": "data.read",
    "s3:PutObject": "data.curate",
    "s3:DeleteObject": "data.curate",
    "iam:PassRole": "train.run",
}
Row = dict[str, Any]


def listed(value: Any) -> list[Any]:
    """Return one or many as many."""
    return value if isinstance(value, list) else [] if value is None else [value]


def documents(export: Row, row: Row, kind: str) -> list[Row]:
    """Return the policy documents of an entity, its own and the attached ones that are in the file."""
    known = {
        policy["Arn"]: version["Document"]
        for policy in export["Policies"]
        for version in policy["PolicyVersionList"]
        if version["IsDefaultVersion"]
    }
    own = [one["PolicyDocument"] for one in listed(row.get(f"{kind}PolicyList"))]
    return own + [known[p["PolicyArn"]] for p in listed(row["AttachedManagedPolicies"]) if p["PolicyArn"] in known]


def allows(statement: Row, action: str) -> bool:
    """Whether an allow statement is about an action, on whatever resource."""
    found = any(fnmatchcase(action.lower(), one.lower()) for one in listed(statement.get("Action")))
    if "NotAction" in statement:
        found = not any(fnmatchcase(action.lower(), one.lower()) for one in listed(statement["NotAction"]))
    service = action.split(":")[0]
    fits = any(re.match(rf"\*$|arn:aws:{service}:", one) for one in listed(statement.get("Resource")))
    return statement["Effect"] == "Allow" and found and fits


def recounted(export: Row) -> set[tuple[str, str]]:
    """Return who is allowed one of the probed actions by their own policies or those of their groups."""
    groups = {row["GroupName"]: documents(export, row, "Group") for row in export["GroupDetailList"]}
    held: dict[str, list[Row]] = {}
    for row in export["UserDetailList"]:
        inherited = [document for name in row["GroupList"] for document in groups[name]]
        held[row["Arn"]] = documents(export, row, "User") + inherited
    for row in export["RoleDetailList"]:
        held[row["Arn"]] = documents(export, row, "Role")
    statements = {arn: [s for d in given for s in listed(d["Statement"])] for arn, given in held.items()}
    return {
        (arn, operation)
        for arn, given in statements.items()
        for action, operation in PROBES.items()
        if any(allows(statement, action) for statement in given)
        # The denials of the files are of other services.
        and not any(s["Effect"] == "Deny" and s["Action"] == "*" for s in given)
    }


@pytest.mark.parametrize("name", NAMES)
def test_counts_equal_a_recount_and_again_all_is_unchanged(real_inputs: Path, name: str) -> None:
    path = real_inputs / FOLDER / name
    export = json.loads(path.read_text())
    found = imported("auto", path, source="")
    who = len(export["UserDetailList"]) + len(export["RoleDetailList"])
    account = export["UserDetailList"][0]["Arn"].split(":")[4]
    assert (found["format"], found["source"]) == (FORMAT, f"aws-iam-{account}")
    assert (found["created"], found["updated"], found["unchanged"], found["gone"]) == (who, 0, 0, 0)
    assert (found["rejected"], found["complete"]) == ([], not export.get("IsTruncated", False))
    again = imported(FORMAT, path, source="")
    assert (again["created"], again["updated"], again["unchanged"], again["gone"]) == (0, 0, who, 0)
    assert again["by_kind"]["entitlement"]["unchanged"] == found["by_kind"]["entitlement"]["created"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_access_equals_a_recount(real_inputs: Path, name: str) -> None:
    path = real_inputs / FOLDER / name
    export = json.loads(path.read_text())
    imported("auto", path)
    probed = Entitlement.objects.filter(operation__in=set(PROBES.values()))
    assert set(probed.values_list("identity__source_key", "operation")) == recounted(export)


def test_policies_that_are_not_in_the_file_are_told(real_inputs: Path) -> None:
    """The documentation's example is one page of several: it names policies and holds others."""
    path = real_inputs / FOLDER / NAMES[0]
    export = json.loads(path.read_text())
    imported("auto", path)
    known = {policy["Arn"] for policy in export["Policies"]}
    groups = {row["GroupName"]: row for row in export["GroupDetailList"]}
    missing = 0
    for row in (*export["UserDetailList"], *export["RoleDetailList"]):
        ways = [row, *(groups[name] for name in row.get("GroupList", []))]
        missing += len({p["PolicyArn"] for way in ways for p in listed(way["AttachedManagedPolicies"])} - known)
    untold = Entitlement.objects.filter(not_evaluated="its document is not in these files")
    assert untold.count() == missing > 0
    assert {(row.privileged, row.on_ai, row.full_access) for row in untold} == {("unknown",) * 3}


def test_last_use_of_roles(real_inputs: Path) -> None:
    """`{}` is never, a date is that date."""
    path = real_inputs / FOLDER / NAMES[1]
    imported("auto", path)
    for row in json.loads(path.read_text())["RoleDetailList"]:
        role = Identity.objects.get(source_key=row["Arn"])
        used = row["RoleLastUsed"].get("LastUsedDate")
        assert role.use_state == ("used" if used else "never")
        assert (role.last_used_at.isoformat(" ") if role.last_used_at else None) == used
