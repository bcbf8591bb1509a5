"""The sample organisation: same seed, same bytes; vendor shapes; a story that gets better and stays honest."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from model_signing import verifying

from apps.portal.sample import CAST, TRUSTED_KEY, Batch, by_week, generate, latest_end

END = date(2026, 11, 20)
FACTORLESS = {"email", "securityQuestion"}
GRAPH_SECONDS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
GRAPH_TICKS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$")

Row = dict[str, str]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Batch]]:
    out = tmp_path_factory.mktemp("sample")
    return out, generate(out, end=END)


def of(sample: tuple[Path, list[Batch]], form: str, source: str = "") -> list[Batch]:
    return [b for b in sample[1] if b.format == form and source in b.source]


def people(batch: Batch) -> list[Row]:
    return list(csv.DictReader(io.StringIO(batch.paths[0].read_bytes().decode("utf-8-sig"))))


def graph(batch: Batch, name: str) -> list[dict[str, Any]]:
    path = next(p for p in batch.paths if p.name == f"{name}.json")
    found: list[dict[str, Any]] = json.loads(path.read_text())["value"]
    return found


def report(batch: Batch) -> list[Row]:
    return list(csv.DictReader(io.StringIO(batch.paths[0].read_text())))


def searched(batch: Batch, name: str, key: str) -> list[dict[str, Any]]:
    pages = sorted(batch.paths[0].glob(f"{name}.search*.json"))
    return [record for page in pages for record in json.loads(page.read_text())[key]]


def with_factor(batch: Batch) -> float:
    details = graph(batch, "userRegistrationDetails")
    return sum(bool(set(d["methodsRegistered"]) - FACTORLESS) for d in details) / len(details)


def bytes_by_path(out: Path) -> dict[str, str]:
    files = (p for p in sorted(out.rglob("*")) if p.is_file() and p.suffix not in {".sig", ".pem"})
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_same_seed_same_bytes(sample: tuple[Path, list[Batch]], tmp_path: Path) -> None:
    again = generate(tmp_path, end=END)
    assert bytes_by_path(tmp_path) == bytes_by_path(sample[0])
    assert [(b.observed_at, b.format, b.source) for b in again] == [
        (b.observed_at, b.format, b.source) for b in sample[1]
    ]


def test_another_seed_tells_another_story(sample: tuple[Path, list[Batch]], tmp_path: Path) -> None:
    generate(tmp_path, end=END, seed=8, weeks=1)
    assert (tmp_path / str(END) / "people.csv").read_bytes() != (sample[0] / str(END) / "people.csv").read_bytes()


def test_fewer_weeks_are_the_last_part_of_the_same_story(sample: tuple[Path, list[Batch]], tmp_path: Path) -> None:
    generate(tmp_path, end=END, weeks=1)
    whole = bytes_by_path(sample[0])
    part = bytes_by_path(tmp_path)
    assert part and all(whole[path] == digest for path, digest in part.items())
    with pytest.raises(ValueError, match="at least one week"):
        generate(tmp_path, end=END, weeks=0)


def test_batches_come_in_date_order_and_none_is_later_than_the_end(sample: tuple[Path, list[Batch]]) -> None:
    batches = sample[1]
    times = [b.observed_at for b in batches]
    assert times == sorted(times)
    assert times[-1] < datetime(END.year, END.month, END.day, 6, 12, tzinfo=UTC)
    assert times[-1] - of(sample, "people-csv")[0].observed_at >= timedelta(days=90)
    weeks = by_week(batches)
    assert len(weeks) == 14 and [b for week in weeks for b in week] == batches
    assert all(week[-1].observed_at.weekday() == END.weekday() for week in weeks)
    assert all(path.exists() for b in batches for path in b.paths)


def test_latest_end_never_lies_in_the_future() -> None:
    assert latest_end(datetime(2026, 11, 20, 5, 0, tzinfo=UTC)) == date(2026, 11, 19)
    assert latest_end(datetime(2026, 11, 20, 6, 1, tzinfo=UTC)) == date(2026, 11, 20)


def test_every_source_reports_weekly_but_the_sandbox_stops_early(sample: tuple[Path, list[Batch]]) -> None:
    end = sample[1][-1].observed_at.date()
    assert len(of(sample, "people-csv")) == len(of(sample, "microsoft-graph")) == 14
    assert len(of(sample, "aws-iam-credential-report", "production")) == 14
    assert end - of(sample, "aws-iam-credential-report", "sandbox")[-1].observed_at.date() == timedelta(days=12)
    assert [len(of(sample, f)) for f in ("mlflow", "openssf-model-signing")] == [10, 9]


def test_people_have_unique_numbers_known_managers_and_the_cast(sample: tuple[Path, list[Batch]]) -> None:
    for batch in of(sample, "people-csv"):
        rows = people(batch)
        numbers = {r["employee_id"] for r in rows}
        mails = {r["email"]: r for r in rows}
        assert 225 <= len(rows) == len(numbers) == len(mails) <= 250
        assert [r["job_title"] for r in rows if not r["manager_id"]] == ["Chief Executive Officer"]
        assert all(r["manager_id"] in numbers for r in rows if r["manager_id"])
        assert all(mails[c.email]["name"] == c.name for c in CAST)
        kofi, priya = mails["kofi.mensah@fenwick.example"], mails["priya.raman@fenwick.example"]
        assert priya["manager_id"] == kofi["employee_id"]


def test_people_leave_join_and_move(sample: tuple[Path, list[Batch]]) -> None:
    exports = [{r["employee_id"]: r for r in people(b)} for b in of(sample, "people-csv")]
    first, last = exports[0], exports[-1]
    gone, new = first.keys() - last.keys(), last.keys() - first.keys()
    assert len(gone) >= 10 and len(new) >= 8
    for number in gone:
        final = [export[number] for export in exports if number in export][-1]
        assert final["end_date"], "a leaver's end date is told before the row disappears"
    assert any(r["team"] != last[n]["team"] for n, r in first.items() if n in last)


def test_graph_shapes_times_and_never(sample: tuple[Path, list[Batch]]) -> None:
    batch = of(sample, "microsoft-graph")[-1]
    users = graph(batch, "users")
    ids = {u["id"] for u in users}
    assert len(ids) == len(users) > 230
    assert {u["userType"] for u in users} == {"Member", "Guest"}
    assert all(("#EXT#" in u["userPrincipalName"]) == (u["userType"] == "Guest") for u in users)
    assert all(GRAPH_SECONDS.match(u["createdDateTime"]) for u in users)
    seen = [u["signInActivity"]["lastSignInDateTime"] for u in users if "signInActivity" in u]
    assert len(seen) < len(users) and "0001-01-01T00:00:00Z" in seen
    assert all(GRAPH_SECONDS.match(s) and s < batch.observed_at.strftime("%Y-%m-%dT%H:%M:%SZ") for s in seen)
    assert all(u["manager"]["id"] in ids for u in users if "manager" in u)
    details = graph(batch, "userRegistrationDetails")
    assert all(GRAPH_TICKS.match(d["lastUpdatedDateTime"]) for d in details)
    assert {d["id"] for d in details} == {u["id"] for u in users if u["accountEnabled"]}
    roles = graph(batch, "roleAssignments")
    assert {r["principal"]["@odata.type"].rpartition(".")[2] for r in roles} == {"user", "group", "servicePrincipal"}
    assert all(r["principalId"] == r["principal"]["id"] for r in roles)
    assert len({r["id"] for r in roles}) == len(roles)


def test_factors_spread_and_global_administrators_become_few(sample: tuple[Path, list[Batch]]) -> None:
    exports = of(sample, "microsoft-graph")
    shares = [with_factor(b) for b in exports]
    assert shares[-1] - shares[0] > 0.2 and shares[-1] < 0.9
    assert all(b >= a - 0.02 for a, b in zip(shares, shares[1:], strict=False))
    only_sms = [d for d in graph(exports[-1], "userRegistrationDetails") if d["methodsRegistered"] == ["mobilePhone"]]
    assert only_sms
    admins = [
        sum(r["roleDefinitionId"] == "62e90394-69f5-4237-9190-012177145e10" for r in graph(b, "roleAssignments"))
        for b in exports
    ]
    assert admins[0] > admins[-1] > 0


def test_accounts_of_leavers_stay_for_a_while(sample: tuple[Path, list[Batch]]) -> None:
    open_in: list[set[str]] = []
    known: set[str] = set()
    for hr, directory in zip(of(sample, "people-csv"), of(sample, "microsoft-graph"), strict=True):
        rows = people(hr)
        today = hr.observed_at.date().isoformat()
        working = {r["email"] for r in rows if not r["end_date"] or r["end_date"] >= today}
        known |= {r["email"] for r in rows}
        users = graph(directory, "users")
        open_in.append({u["mail"] for u in users if u["accountEnabled"] and u["mail"] in known - working})
    assert all(open_in), "some leaver's account is always found enabled"
    assert open_in[0] and not open_in[0] & open_in[-1], "the first ones were dealt with"


def test_credential_report_is_the_vendors(sample: tuple[Path, list[Batch]]) -> None:
    for batch in of(sample, "aws-iam-credential-report"):
        text = batch.paths[0].read_text()
        rows = report(batch)
        assert "\r" not in text and not text.endswith("\n") and len(rows[0]) == 22
        assert rows[0]["user"] == "<root_account>" and rows[0]["password_next_rotation"] == "not_supported"
        assert len({r["arn"] for r in rows}) == len(rows)
        limit = batch.observed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        for row in rows:
            for column in ("user_creation_time", "password_last_used", "access_key_1_last_used_date"):
                assert row[column] in {"N/A", "no_information"} or row[column] < limit
            for slot in "12":
                assert row[f"access_key_{slot}_active"] == "false" or row[f"access_key_{slot}_last_rotated"] != "N/A"


def test_console_users_are_people_and_more_of_them_have_a_factor(sample: tuple[Path, list[Batch]]) -> None:
    exports = of(sample, "aws-iam-credential-report", "production")
    logins = {m for r in people(of(sample, "people-csv")[-1]) for m in (r["email"], r["email"].split("@")[0])}
    console = [[r for r in report(b)[1:] if r["password_enabled"] == "true"] for b in exports]
    joined = [r for r in console[-1] if r["user"] in logins]
    assert len(joined) >= len(console[-1]) - 3 and len(console[-1]) >= 25
    share = [sum(r["mfa_active"] == "true" for r in rows) / len(rows) for rows in console]
    assert share[-1] > share[0] + 0.2
    keys_only = [r for r in report(exports[-1]) if r["password_enabled"] == "false"]
    assert len(keys_only) >= 15


def test_registry_pages_join_and_times_are_milliseconds(sample: tuple[Path, list[Batch]]) -> None:
    exports = of(sample, "mlflow")
    paged = [b for b in exports if (b.paths[0] / "registered-models.search.page2.json").exists()]
    assert 0 < len(paged) < len(exports)
    for batch in exports:
        models = searched(batch, "registered-models", "registered_models")
        versions = searched(batch, "model-versions", "model_versions")
        runs = {r["info"]["run_id"]: r for r in searched(batch, "runs", "runs")}
        assert 34 <= len(models) == len({m["name"] for m in models}) <= 38
        assert all(v["run_id"] in runs and isinstance(v["version"], str) for v in versions)
        limit = batch.observed_at.timestamp() * 1000
        assert all(1.5e12 < v["creation_timestamp"] < limit for v in versions)
        assert all(m.get("aliases") != [] and m.get("tags") != [] for m in models)
        tiers = [t["value"] for m in models for t in m["tags"] if t["key"] == "tier"]
        assert tiers.count("1") == 6 and set(tiers) == {"1", "2", "3"} and len(tiers) < len(models)
        named = [r for r in runs.values() if r["inputs"]]
        assert 0 < len(named) < len(runs)
        source = named[0]["inputs"]["dataset_inputs"][0]["dataset"]
        assert set(source) >= {"name", "digest", "source_type", "source"} and json.loads(source["source"])


def test_models_come_and_go_and_priya_owns_some(sample: tuple[Path, list[Batch]]) -> None:
    exports = [searched(b, "registered-models", "registered_models") for b in of(sample, "mlflow")]
    names = [{m["name"] for m in models} for models in exports]
    assert names[0] - names[-1] == {"fraud-embedder"} and names[-1] - names[0]
    owned = [m for m in exports[-1] if {"key": "owner", "value": "priya.raman@fenwick.example"} in m["tags"]]
    assert len(owned) >= 4


def test_listings_tie_to_their_mlmodel(sample: tuple[Path, list[Batch]]) -> None:
    forms = set()
    for folder in (of(sample, "mlflow")[-1].paths[0] / "artifacts").iterdir():
        mlmodel = (folder / "MLmodel").read_bytes()
        lines = [line.split("  ") for line in (folder / "artifact-listing.sha256.txt").read_text().splitlines()]
        assert [hashlib.sha256(mlmodel).hexdigest(), "MLmodel", str(len(mlmodel))] in lines
        sheet = yaml.safe_load(mlmodel)
        assert sheet["model_id"] == sheet["model_uuid"]
        forms |= {Path(path).suffix for _digest, path, _size in lines}
        forms.add(sheet["flavors"].get("sklearn", {}).get("serialization_format", ""))
    assert forms >= {".skops", ".pkl", ".onnx", ".safetensors", "skops", "pickle", "cloudpickle"}


def test_signatures_are_real_and_some_do_not_hold(sample: tuple[Path, list[Batch]]) -> None:
    folder = of(sample, "openssf-model-signing")[-1].paths[0]
    verdicts: dict[str, list[str]] = {}
    for sig in sorted(folder.glob("*.model.sig")):
        name = sig.name.removesuffix(".model.sig")
        config = verifying.Config().use_elliptic_key_verifier(public_key=sample[0] / TRUSTED_KEY)
        try:
            config.verify(folder / name, sig)
            verdict = "valid"
        except ValueError as error:
            verdict = "unknown" if "Key mismatch" in str(error) else "altered"
        verdicts.setdefault(verdict, []).append(name)
    assert len(verdicts["valid"]) > 15 and len(verdicts["unknown"]) >= 2
    assert any(n.startswith("claims-triage-llm") for n in verdicts["altered"])
    counts = [len(list(b.paths[0].glob("*.model.sig"))) for b in of(sample, "openssf-model-signing")]
    assert counts == sorted(counts) and counts[-1] > 3 * counts[0] > 0


def test_a_spoiled_artifact_shows_in_the_registry_listing_too(sample: tuple[Path, list[Batch]]) -> None:
    signed, registry = of(sample, "openssf-model-signing")[-1], of(sample, "mlflow")[-1]
    for sig in signed.paths[0].glob("*.model.sig"):
        name = sig.name.removesuffix(".model.sig")
        payload = json.loads(base64.b64decode(json.loads(sig.read_text())["dsseEnvelope"]["payload"]))
        told = {r["name"]: r["digest"] for r in payload["predicate"]["resources"]}
        listed = (registry.paths[0] / "artifacts" / name / "artifact-listing.sha256.txt").read_text()
        held = {line.split("  ")[1]: line.split("  ")[0] for line in listed.splitlines()}
        stored = {p: hashlib.sha256((signed.paths[0] / name / p).read_bytes()).hexdigest() for p in told}
        assert held == stored and told.keys() == held.keys()
        assert sum(told[p] != held[p] for p in told) <= 1


def test_no_private_key_is_left_behind(sample: tuple[Path, list[Batch]]) -> None:
    found = [p for p in sample[0].rglob("*") if p.is_file() and b"PRIVATE KEY" in p.read_bytes()]
    assert not found and b"BEGIN PUBLIC KEY" in (sample[0] / TRUSTED_KEY).read_bytes()
