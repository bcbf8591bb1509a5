"""Real AWS credential reports: counts and facts equal a plain recount of the CSV."""

import csv
import json
from pathlib import Path

import jsonschema
import pytest

from apps.inventory.models import Credential, Factor, Identity
from tests.real_inputs.run import imported

pytestmark = [pytest.mark.real_inputs, pytest.mark.django_db]
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "import-result.schema.json").read_text())
REPORTS = ("report-2017-mfa.csv", "report-2023-offset.csv")
NONE = ("N/A", "no_information", "not_supported")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def credentials_of(row: dict[str, str]) -> set[str]:
    """Count by hand: a password that is on (or root's), keys and certificates with a rotation date."""
    found = {
        slot for slot in ("access_key_1", "access_key_2", "cert_1", "cert_2") if row[f"{slot}_last_rotated"] != "N/A"
    }
    signs_in = row["password_enabled"] == "true" or row["user"] == "<root_account>"
    return found | ({"password"} if signs_in else set())


@pytest.mark.parametrize("name", REPORTS)
def test_counts_equal_a_recount(real_inputs: Path, name: str) -> None:
    path = real_inputs / "aws-iam-credential-report" / name
    found = imported("auto", path, source="")
    jsonschema.validate(found, SCHEMA)
    table = rows(path)
    assert found["source"] == "aws-" + table[0]["arn"].split(":")[4]
    assert (found["created"], found["updated"], found["unchanged"], found["gone"]) == (len(table), 0, 0, 0)
    assert found["by_kind"]["factor"]["created"] == sum(row["mfa_active"] == "true" for row in table)
    assert found["by_kind"]["credential"]["created"] == sum(len(credentials_of(row)) for row in table)
    assert (found["rejected"], found["complete"]) == ([], True)
    again = imported("aws-iam-credential-report", path, source="")
    assert (again["created"], again["updated"], again["unchanged"], again["gone"]) == (0, 0, len(table), 0)


@pytest.mark.parametrize("name", REPORTS)
def test_facts_equal_the_file(real_inputs: Path, name: str) -> None:
    path = real_inputs / "aws-iam-credential-report" / name
    imported("aws-iam-credential-report", path)
    for row in rows(path):
        identity = Identity.objects.get(source_key=row["arn"])
        root = row["user"] == "<root_account>"
        signs_in = root or row["password_enabled"] == "true"
        assert (identity.kind == "human", identity.password_sign_in) == (signs_in, "yes" if signs_in else "no")
        assert Factor.objects.filter(identity=identity, active="yes").exists() == (row["mfa_active"] == "true")
        assert identity.mfa_known == "yes" and identity.enabled == "yes"
        assert set(Credential.objects.filter(identity=identity).values_list("source_key", flat=True)) == {
            f"{row['arn']}#{slot}" for slot in credentials_of(row)
        }
        used = [row["password_last_used"], row["access_key_1_last_used_date"], row["access_key_2_last_used_date"]]
        newest = max((text for text in used if text not in NONE), default=None)
        assert (identity.last_used_at.isoformat() if identity.last_used_at else None) == newest


def test_the_folder_as_one_source(real_inputs: Path) -> None:
    folder = real_inputs / "aws-iam-credential-report"
    found = imported("auto", folder)
    assert found["created"] == sum(len(rows(folder / name)) for name in REPORTS)
    assert found["rejected"] == []
