"""Every real file: taken, or refused with one line; what is taken counts as a plain recount does, twice over."""

import csv
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import CommandError

from apps.inventory.models import Source
from tests.real_inputs.recount import has_password, report_rows
from tests.real_inputs.run import imported

pytestmark = [pytest.mark.real_inputs, pytest.mark.django_db]
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "import-result.schema.json").read_text(encoding="utf-8"))
GIVEN = Path(os.environ.get("ZTPORTAL_REAL_INPUTS", ""))
FOLDERS = sorted(path.name for path in GIVEN.iterdir() if path.is_dir()) if GIVEN.is_dir() else ["none"]
TAKEN = (
    "aws-iam-authorization-details",
    "aws-iam-credential-report",
    "microsoft-graph",
    "mlflow-3.17",
    "mlflow-auth",
    "openssf-model-signing",
    "hr-cert-ldap",
)
EXPLICIT = (
    "aws-iam-authorization-details",
    "aws-iam-credential-report",
    "microsoft-graph",
    "mlflow",
    "mlflow-auth",
    "openssf-model-signing",
    "people-csv",
)


def result_of(format: str, path: Path, source: str) -> dict[str, Any]:
    """Import, hold the result against the schema, and return it."""
    found = imported(format, path, source=source)
    jsonschema.validate(found, SCHEMA, format_checker=jsonschema.FormatChecker())
    return found


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("format", ["auto", *EXPLICIT])
def test_taken_or_refused_in_one_line(real_inputs: Path, folder: str, format: str) -> None:
    """Whatever the file and whatever the format it is said to be; a refusal leaves no facts behind."""
    for number, path in enumerate(sorted(p for p in (real_inputs / folder).rglob("*") if p.is_file())):
        name = f"{folder}-{number}"
        try:
            found = result_of(format, path, name)
        except CommandError as refusal:
            line = str(refusal)
            assert refusal.returncode == 2
            assert "\n" not in line and "Traceback" not in line and len(line) < 1500
            assert "recognised" in line and "expected" in line, line
            assert not Source.objects.filter(name=name, observed_at__isnull=False).exists()
        else:
            # Beyond the five folders only a file of one of their formats may be taken.
            assert folder in TAKEN, f"{path.name} was taken as {found['format']}: {found}"
            assert format in ("auto", found["format"])


def report_counts(path: Path) -> dict[str, int]:
    """Count identities, factors and credentials of a credential report."""
    rows = report_rows(path)
    slots = ("access_key_1", "access_key_2", "cert_1", "cert_2")
    kept = sum(
        row[f"{slot}_active"] == "true" or row[f"{slot}_last_rotated"] != "N/A" for row in rows for slot in slots
    )
    return {
        "identity": len(rows),
        "factor": sum(row["mfa_active"] == "true" for row in rows),
        "credential": kept + sum(map(has_password, rows)),
    }


def graph_counts(path: Path) -> dict[str, int]:
    """Count identities, factors and entitlements of a Microsoft Graph answer."""
    rows = json.loads(path.read_text(encoding="utf-8-sig"))["value"]
    roles = [row for row in rows if "roleDefinitionId" in row]
    return {
        "identity": len({row["principalId"] for row in roles}) or len(rows),
        "factor": sum(len(row.get("methodsRegistered", [])) for row in rows),
        "entitlement": len(roles),
    }


def registry_counts(path: Path) -> dict[str, int]:
    """Count models, versions and runs of an MLflow answer; a file that names none brings none."""
    if path.suffix != ".json":
        return {"asset": 0}
    answer = json.loads(path.read_text(encoding="utf-8"))
    models = answer.get("registered_models", [])
    models += [answer["registered_model"]] if "registered_model" in answer else []
    versions = answer.get("model_versions", [])
    versions += [answer["model_version"]] if "model_version" in answer else []
    versions += [version for model in models for version in model.get("latest_versions", [])]
    return {"asset": len(models) + len(versions) + ("run" in answer)}


def people_counts(path: Path) -> dict[str, int]:
    """Count the people of an HR export."""
    with path.open(encoding="utf-8", newline="") as stream:
        return {"person": len({row["user_id"] for row in csv.DictReader(stream)})}


def signature_counts(path: Path) -> dict[str, int]:
    """A bundle is a signature over one artifact."""
    return {"signature": 1, "artifact": int("dsseEnvelope" in json.loads(path.read_text(encoding="utf-8")))}


def account_counts(path: Path) -> dict[str, int]:
    """Count users and roles of authorization details; what they may do is counted in `test_aws_iam`."""
    export = json.loads(path.read_text(encoding="utf-8"))
    return {"identity": len(export["UserDetailList"]) + len(export["RoleDetailList"])}


COUNTS = [
    ("aws-iam-credential-report", "aws-iam-credential-report", "*.csv", report_counts, "identity", 2),
    ("microsoft-graph", "microsoft-graph", "[ru]*.json", graph_counts, "identity", 4),
    ("mlflow-3.17", "mlflow", "[!S]*[!4].[jyt]*", registry_counts, "asset", 13),
    ("openssf-model-signing", "openssf-model-signing", "**/*.sig", signature_counts, "artifact", 5),
    ("hr-cert-ldap", "people-csv", "*.csv", people_counts, "person", 2),
    ("aws-iam-authorization-details", "aws-iam-authorization-details", "*.json", account_counts, "identity", 2),
]


@pytest.mark.parametrize(("folder", "format", "pattern", "count", "main", "files"), COUNTS)
def test_counts_equal_a_recount_and_again_all_is_unchanged(
    real_inputs: Path, folder: str, format: str, pattern: str, count: Any, main: str, files: int
) -> None:
    """File by file, by detection and by name; what only means something beside other files is refused alone."""
    paths = sorted(path for path in (real_inputs / folder).glob(pattern) if "404" not in path.name)
    assert len(paths) == files, [path.name for path in paths]
    for path in paths:
        expected = count(path)
        name = path.relative_to(real_inputs).as_posix()
        if not any(expected.values()):
            with pytest.raises(CommandError, match="no record that can be taken"):
                result_of(format, path, name)
            continue
        found, again = result_of("auto", path, name), result_of(format, path, name)
        assert found["format"] == again["format"] == format
        assert (found["created"], found["updated"], found["unchanged"], found["gone"]) == (expected[main], 0, 0, 0), (
            name
        )
        assert (again["created"], again["updated"], again["unchanged"], again["gone"]) == (0, 0, expected[main], 0), (
            name
        )
        kinds = {kind: row["created"] for kind, row in found["by_kind"].items() if kind in expected}
        assert {kind: n for kind, n in expected.items() if n} == {kind: n for kind, n in kinds.items() if n}, name
        unchanged = {kind: row["unchanged"] for kind, row in again["by_kind"].items()}
        assert unchanged == {kind: row["created"] for kind, row in found["by_kind"].items()}, name


def test_what_is_rejected_says_where_and_why(real_inputs: Path) -> None:
    """Of the five folders as a whole: the files that are no records of their format."""
    rejected: Counter[str] = Counter()
    for folder, format, *_ in COUNTS[:4]:
        found = result_of(format, real_inputs / folder, folder)
        assert all(row["reason"] and row["where"] for row in found["rejected"])
        rejected.update(Path(row["file"]).name for row in found["rejected"])
    assert set(rejected) == {
        "managedDevices.doc-example.json",
        "registered-models.get.404.json",
        "mlflow-fraud-scorer-v2.public.pem",
        "ca-cert.pem",
        "int-ca-cert.pem",
        "signing-key-cert.pem",
        "signing-key-pub.pem",
    }
