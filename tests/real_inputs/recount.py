"""Counting the raw files again with csv, json and hashlib, independent of any code of the product."""

import base64
import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NO_TIME = ("N/A", "no_information", "not_supported", "")
YEAR_ONE = "0001-01-01T00:00:00Z"
NO_FACTORS = ("email", "securityQuestion")
DEPLOYED = ("champion", "production", "prod")
Tally = Counter[str]


def report_rows(*paths: Path) -> list[dict[str, str]]:
    """Return the rows of AWS credential reports."""
    return [row for path in paths for row in csv.DictReader(path.open(encoding="utf-8"))]


def graph(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a Microsoft Graph answer."""
    return list(json.loads((folder / f"{name}.json").read_text(encoding="utf-8-sig"))["value"])


def at(text: str) -> datetime:
    """Return an instant."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def has_password(row: dict[str, str]) -> bool:
    """Whether the user of a report row signs in at the console; the root user always does."""
    return row["password_enabled"] == "true" or row["user"] == "<root_account>"


def aws_second_factors(rows: Iterable[dict[str, str]]) -> Tally:
    """ID-01 by hand: who signs in with a password, and has MFA."""
    return Counter(
        "not_applicable" if not has_password(row) else "met" if row["mfa_active"] == "true" else "failing"
        for row in rows
    )


def aws_in_use(rows: Iterable[dict[str, str]], now: datetime, days: int = 45) -> Tally:
    """ID-04 by hand: the newest use of password and keys, or the age of who never used any."""
    found: Tally = Counter()
    for row in rows:
        columns = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")
        used = [at(row[column]) for column in columns if row[column] not in NO_TIME]
        newest = max(used) if used else at(row["user_creation_time"])
        found["met" if newest >= now - timedelta(days=days) else "failing"] += 1
    return found


def graph_ids(folder: Path) -> set[str]:
    """Return the ids of everyone whom the answers name and none shows as disabled."""
    users = graph(folder, "users.list.default-properties") + graph(folder, "users.signInActivity")
    roles = graph(folder, "roleAssignments.expand-principal")
    people = {row["id"] for row in users + graph(folder, "userRegistrationDetails")}
    return people | {row["principalId"] for row in roles if row["principal"]["accountEnabled"]}


def graph_second_factors(folder: Path) -> Tally:
    """ID-01 by hand: any registered method but mail and question; who has no registration row is not known."""
    details = {row["id"]: row["methodsRegistered"] for row in graph(folder, "userRegistrationDetails")}
    found: Tally = Counter()
    for key in graph_ids(folder):
        methods = details.get(key)
        if methods is None:
            found["not_evaluated"] += 1
        else:
            found["met" if set(methods) - set(NO_FACTORS) else "failing"] += 1
    return found


def graph_in_use(folder: Path, now: datetime, days: int = 45) -> Tally:
    """ID-04 by hand: the newest sign-in; who has no signInActivity is not known."""
    activity = {row["id"]: row["signInActivity"] for row in graph(folder, "users.signInActivity")}
    found: Tally = Counter()
    for key in graph_ids(folder):
        names = ("lastSignInDateTime", "lastNonInteractiveSignInDateTime", "lastSuccessfulSignInDateTime")
        times = [activity[key][n] for n in names if activity.get(key, {}).get(n, YEAR_ONE) != YEAR_ONE]
        if not times:
            found["not_evaluated"] += 1
        else:
            found["met" if max(map(at, times)) >= now - timedelta(days=days) else "failing"] += 1
    return found


def deployed(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the deployed version of each registered model: by alias, by stage, else the highest number."""
    versions = json.loads((folder / "model-versions.search.json").read_text())["model_versions"]
    chosen = {}
    for model in json.loads((folder / "registered-models.search.json").read_text())["registered_models"]:
        aliased = {a["version"] for a in model.get("aliases", []) if a["alias"].lower() in DEPLOYED}
        own = [row for row in versions if row["name"] == model["name"]]
        own.sort(key=lambda row: (row["version"] in aliased, row["current_stage"] == "Production", int(row["version"])))
        chosen[model["name"]] = own[-1]
    return chosen


def listed_files(folder: Path) -> tuple[str, dict[str, str]]:
    """Return the logged model that the artifact listing is of, and its digests by path."""
    lines = (folder / "artifact-listing.sha256.txt").read_text().splitlines()
    digests = {line.split()[1]: line.split()[0] for line in lines if line.strip()}
    described = (folder / "MLmodel.yaml").read_bytes()
    assert digests["MLmodel"] == hashlib.sha256(described).hexdigest()
    model_id = next(line.split()[1] for line in described.decode().splitlines() if line.startswith("model_id:"))
    return model_id, digests


def signed_files(bundle: Path, key: Path) -> dict[str, str]:
    """Return the digests that a signature over a DSSE envelope covers; none where the key did not make it."""
    envelope = json.loads(bundle.read_text())["dsseEnvelope"]
    body, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"]
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)
    public = serialization.load_pem_public_key(key.read_bytes())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    try:
        public.verify(base64.b64decode(envelope["signatures"][0]["sig"]), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return {}
    return {row["name"]: row["digest"] for row in json.loads(body)["predicate"]["resources"]}


def signatures_of_models(mlflow: Path, bundle: Path | None = None, key: Path | None = None) -> Tally:
    """MD-01 by hand: the deployed version's listed files equal those that a signature of the trusted key covers."""
    model_id, digests = listed_files(mlflow)
    proven = bundle is not None and key is not None and signed_files(bundle, key) == digests
    return Counter(
        "met" if proven and row["source"] == f"models:/{model_id}" else "failing" for row in deployed(mlflow).values()
    )
