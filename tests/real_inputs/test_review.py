"""A review of real access: HR people, two AWS accounts and an MLflow server, against a recount of the raw files.

Who holds what, who is asked, and why each item lies in its pile is worked out here from the rows of the files alone,
item by item. The files hold no last use of users and no data on assets, so the reasons that ask for these are absent.
"""

import csv
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.core import clock
from apps.core.actor import system
from apps.inventory.models import Entitlement, Identity, PersonRecord
from apps.reviews.models import Campaign, Item
from apps.reviews.services.campaigns import draft, open_campaign
from apps.reviews.services.staging import stage
from apps.reviews.services.watching import look
from tests.cast import Cast
from tests.real_inputs.run import imported
from tests.real_inputs.test_aws_iam import FOLDER, NAMES, PROBES, Row, allows, documents, listed

pytestmark = [pytest.mark.real_inputs, pytest.mark.django_db]
#: Beside those of PROBES, one action of every other operation.
ACTIONS = {
    **PROBES,
    "sagemaker:CreateTrainingJob": "train.run",
    "sagemaker:CreateTransformJob": "eval.run",
    "sagemaker:CreateModel": "model.deploy",
    "sagemaker:CreateEndpointConfig": "endpoint.configure",
    "bedrock:CreateAgentActionGroup": "agent.grant_tool",
}
#: Operations that change what others rely on; reading, calling, tuning and measuring do not.
PRIVILEGED = set(ACTIONS.values()) - {"data.read", "endpoint.call", "hparam.tune", "eval.run"}
FIRST, SECOND = "2009-12", "2010-06"
#: Who keeps which accounts: not told by any file, so an administrator says it.
KEEPERS = {"alice": "leaver", "biden": "stayer", "OverprivilegedEC2": "stayer", "MyRole": "leaver"}


@dataclass(frozen=True)
class Access:
    """One access of the files."""

    account: str
    operation: str
    scope: str
    privileged: bool
    program: bool
    used: str


def of_aws(export: Row) -> set[Access]:
    """Return what users and roles are allowed on AI, and the policies of which nobody can tell."""
    groups = {row["GroupName"]: row for row in export["GroupDetailList"]}
    known = {policy["Arn"] for policy in export["Policies"]}
    found = set()
    for kind, row in [
        *(("User", r) for r in export["UserDetailList"]),
        *(("Role", r) for r in export["RoleDetailList"]),
    ]:
        through = [groups[name] for name in row.get("GroupList", [])]
        held = [*documents(export, row, kind), *(d for group in through for d in documents(export, group, "Group"))]
        statements = [s for document in held for s in listed(document["Statement"])]
        used = row["RoleLastUsed"].get("LastUsedDate", "never") if kind == "Role" else "unknown"
        allowed = {a for a in ACTIONS if any(allows(s, a) for s in statements)}
        # The denials of the files are of other services.
        for operation in {ACTIONS[action] for action in allowed}:
            # Buckets and roles may be beside AI.
            surely = any(a.startswith(("sagemaker:", "bedrock:")) and ACTIONS[a] == operation for a in allowed)
            risky = surely and operation in PRIVILEGED
            found.add(Access(row["Arn"], operation, "*", risky, kind == "Role", used))
        for policy in [p for way in (row, *through) for p in listed(way["AttachedManagedPolicies"])]:
            if policy["PolicyArn"] not in known:
                words = f"policy {policy['PolicyName']}"
                found.add(Access(row["Arn"], words, "", False, kind == "Role", used))
    return found


def of_mlflow(user: Row) -> set[Access]:
    """Return the rows of a user, the server's default (READ as it is delivered), and all for an administrator."""
    found = {("MANAGE" if user["is_admin"] else "READ", "*")}
    found |= {(row["permission"], row["name"]) for row in user["registered_model_permissions"]}
    found |= {(row["permission"], f"experiment:{row['experiment_id']}") for row in user["experiment_permissions"]}
    return {
        Access(user["username"], level, scope, level == "MANAGE", False, "unknown")
        for level, scope in found
        if level != "NO_PERMISSIONS"
    }


def reasons_of(access: Access, keeper: str, now: datetime) -> tuple[str, list[str]]:
    """Return pile and reasons by hand."""
    close = ["privileged"] if access.privileged else []
    close += ["ownerless"] if access.program and not keeper else []
    close += ["leaver"] if keeper == "leaver" else []
    if access.used in ("unknown", "never"):
        use = {"unknown": "use_unknown", "never": "never_used"}[access.used]
    else:
        use = "" if datetime.fromisoformat(access.used) > now - timedelta(days=90) else "unused"
    # What nobody can say is used, of somebody without peers, is looked at closely as well.
    pile = "close" if close or use == "use_unknown" else "unneeded" if use else "usual"
    return pile, [*close, *([use] if use else [])]


def staff(folder: Path, month: str) -> dict[str, dict[str, str]]:
    with (folder / f"{month}.csv").open(newline="") as stream:
        return {row["user_id"]: row for row in csv.DictReader(stream)}


@pytest.fixture
def recounted(real_inputs: Path) -> set[Access]:
    """Every access of the raw files."""
    found: set[Access] = set()
    for name in NAMES:
        found |= of_aws(json.loads((real_inputs / FOLDER / name).read_text()))
    for path in sorted((real_inputs / "mlflow-auth").glob("users.get.*.json")):
        found |= of_mlflow(json.loads(path.read_text())["user"])
    return found


def keepers_of(folder: Path) -> dict[str, dict[str, str]]:
    """Return the first who left between the months, and the first who stayed, each with a supervisor who stayed."""
    before, after = staff(folder, FIRST), staff(folder, SECOND)
    names = [row["employee_name"] for row in after.values()]
    led = [row for row in before.values() if names.count(row["supervisor"]) == 1]
    leaver = next(row for row in led if row["user_id"] not in after)
    stayer = next(row for row in led if row["user_id"] in after and row["supervisor"] != leaver["supervisor"])
    return {"leaver": leaver, "stayer": stayer}


def import_everything(real_inputs: Path, keepers: dict[str, dict[str, str]]) -> dict[str, User]:
    """Import all, half a year of HR, and let the supervisors of the keepers sign in; return them by their name."""
    people = real_inputs / "hr-cert-ldap"
    imported("people-csv", people / f"{FIRST}.csv", source="hr", observed_at="2009-12-31T00:00:00Z")
    look(actor=system("reconciler"), now=clock.now())
    for name in NAMES:
        imported("aws-iam-authorization-details", real_inputs / FOLDER / name, source="")
    imported("mlflow-auth", real_inputs / "mlflow-auth", source="mlflow")
    bosses = {}
    for account, which in KEEPERS.items():
        record = PersonRecord.objects.get(source_key=keepers[which]["user_id"])
        assert record.person and record.person.manager
        Identity.objects.filter(name=account).update(person=record.person, person_by_hand=True)
        boss = record.person.manager
        if boss.user is None:
            boss.user = User.objects.create_user(boss.email, "correct horse battery", name=boss.name)
            boss.save()
        bosses[boss.name] = boss.user
    imported("people-csv", people / f"{SECOND}.csv", source="hr", observed_at="2010-06-30T00:00:00Z")
    look(actor=system("reconciler"), now=clock.now())
    return bosses


def opened(cast: Cast, **scope: Any) -> Campaign:
    """Open a campaign in which the manager is asked, and the CISO where there is none."""
    ciso, stages = cast.actor("ciso"), [{"reviewer": "manager", "days": 14, "fallback": "ciso"}]
    made = draft(actor=ciso, name="Real", scope=scope, stages=stages).value
    staged = stage(actor=ciso, campaign=made).value
    return Campaign.objects.get(
        pk=open_campaign(actor=ciso, campaign=staged, snapshot_hash=staged.snapshot_hash).value.pk
    )


def test_every_item_is_explained_by_the_files(real_inputs: Path, cast: Cast, recounted: set[Access]) -> None:
    """The count, and of each item its pile, its reasons in their order, and who is asked."""
    keepers = keepers_of(real_inputs / "hr-cert-ldap")
    bosses = import_everything(real_inputs, keepers)
    now = clock.now()
    campaign = opened(cast)
    items = {str(row.subject_id): row for row in campaign.items.select_related("reviewer")}
    assert campaign.items_count == len(items) == len(recounted) > 30
    assert set(campaign.items.values_list("subject_kind", flat=True)) == {"entitlement"}
    shown = {}
    for held in Entitlement.objects.select_related("identity"):
        item = items[held.pk.hex]
        assert item.reviewer is not None
        told = (item.pile, item.reasons.split(), item.reviewer.name, item.operation, item.asset_label)
        shown[held.identity.source_key, held.operation, held.scope] = told
    expected = {}
    for access in recounted:
        which = KEEPERS.get(access.account.split("/")[-1], "")
        asked = keepers[which]["supervisor"] if which else "Dana Whitlock"
        pile, reasons = reasons_of(access, which, now)
        expected[access.account, access.operation, access.scope] = (
            pile, reasons, asked, access.operation, "Everything" if access.scope == "*" else access.scope,
        )  # fmt: skip
    assert shown == expected
    assert {told[2] for told in shown.values()} == {*bosses, "Dana Whitlock"}
    assert {reason for told in shown.values() for reason in told[1]} == {
        "privileged", "ownerless", "leaver", "never_used", "unused", "use_unknown",
    }  # fmt: skip
    assert {told[0] for told in shown.values()} == {"close", "unneeded"}, "no file says that anything was used lately"


def test_a_narrower_scope_is_a_narrower_recount(real_inputs: Path, cast: Cast, recounted: set[Access]) -> None:
    """Only what is privileged for sure, or only what no human holds."""
    import_everything(real_inputs, keepers_of(real_inputs / "hr-cert-ldap"))
    privileged = opened(cast, privileged_only=True)
    assert privileged.items_count == sum(access.privileged for access in recounted) > 0
    programs = opened(cast, non_human_only=True)
    assert programs.items_count == sum(access.program for access in recounted) > 0
    assert Item.objects.filter(campaign=programs).exclude(holder_kind="workload").count() == 0
