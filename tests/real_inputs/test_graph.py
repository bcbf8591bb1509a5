"""Microsoft Graph's documentation responses: counts equal a plain recount of the JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from apps.inventory.models import Entitlement, Factor, Identity
from tests.real_inputs.run import imported

pytestmark = [pytest.mark.real_inputs, pytest.mark.django_db]
NEVER = "0001-01-01T00:00:00Z"


@pytest.fixture
def folder(real_inputs: Path) -> Path:
    return real_inputs / "microsoft-graph"


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return list(json.loads((folder / name).read_text(encoding="utf-8-sig"))["value"])


def test_counts_equal_a_recount(folder: Path) -> None:
    users = rows(folder, "users.list.default-properties.json") + rows(folder, "users.signInActivity.json")
    details = rows(folder, "userRegistrationDetails.json")
    roles = rows(folder, "roleAssignments.expand-principal.json")
    found = imported("microsoft-graph", folder)
    ids = {row["id"] for row in users + details} | {row["principalId"] for row in roles}
    assert found["created"] == len(ids) == Identity.objects.count()
    assert found["by_kind"]["factor"]["created"] == sum(len(row["methodsRegistered"]) for row in details)
    assert found["by_kind"]["entitlement"]["created"] == len(roles)
    assert [(r["file"], r["reason"]) for r in found["rejected"]] == [
        ("managedDevices.doc-example.json", "recognised managedDevices, which this format does not take")
    ]
    again = imported("microsoft-graph", folder)
    assert (again["created"], again["updated"], again["unchanged"], again["gone"]) == (0, 0, len(ids), 0)


def test_facts_equal_the_files(folder: Path) -> None:
    imported("microsoft-graph", folder)
    for row in rows(folder, "userRegistrationDetails.json"):
        identity = Identity.objects.get(source_key=row["id"])
        assert (identity.mfa_known, identity.is_admin) == ("yes", "yes" if row["isAdmin"] else "no")
        assert (identity.kind == "guest") == (row["userType"] == "guest")
        types = set(Factor.objects.filter(identity=identity).values_list("type", flat=True))
        assert types == set(row["methodsRegistered"])
    for row in rows(folder, "users.signInActivity.json"):
        identity = Identity.objects.get(source_key=row["id"])
        times = [v for k, v in row["signInActivity"].items() if k.endswith("DateTime") and v != NEVER]
        assert identity.last_used_at is not None
        assert identity.last_used_at.strftime("%Y-%m-%dT%H:%M:%SZ") == max(times)
        assert identity.enabled == "unknown"
    for row in rows(folder, "users.list.default-properties.json"):
        assert Identity.objects.get(source_key=row["id"]).use_state == "unknown"
    assert set(Entitlement.objects.values_list("operation", "privileged")) == {("Global Administrator", "yes")}


def test_each_file_alone(folder: Path) -> None:
    for name in ("users.list.default-properties", "users.signInActivity", "userRegistrationDetails"):
        path = folder / f"{name}.json"
        assert imported("auto", path, source=name)["created"] == len(rows(folder, path.name))
    with pytest.raises(CommandError, match="managedDevices") as refusal:
        imported("microsoft-graph", folder / "managedDevices.doc-example.json", source="devices")
    assert refusal.value.returncode == 2


def test_registration_alone_wipes_nothing(folder: Path) -> None:
    imported("microsoft-graph", folder)
    before = Identity.objects.get(login="AdeleV@contoso.com")
    found = imported("microsoft-graph", folder / "userRegistrationDetails.json", accept_shrink=True)
    after = Identity.objects.get(login="AdeleV@contoso.com")
    assert found["gone"] == 0 and after.gone_at is None
    assert (after.last_used_at, after.use_state) == (before.last_used_at, before.use_state)
