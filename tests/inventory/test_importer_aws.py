"""AWS credential reports as documented: facts with three values, keys that exist, never and unknown."""

from pathlib import Path

import pytest

from apps.inventory.importers.aws_credential_report import FORMAT, ROOT
from apps.inventory.records import CREDENTIAL, FACTOR, IDENTITY, UnrecognisedInput
from tests.inventory.exports import ACCOUNT, COLUMNS, aws_row, console, table
from tests.inventory.given import Parsed, parsed, put_all

KEY = {"access_key_1_active": "true", "access_key_1_last_rotated": "2025-01-02T03:04:05Z"}


def read(tmp_path: Path, *rows: dict[str, str], **files: str) -> Parsed:
    return parsed(FORMAT, put_all(tmp_path, files or {"report.csv": table(rows)}))


def arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


def test_console_user_key_only_user_and_root(tmp_path: Path) -> None:
    found = read(tmp_path, aws_row(ROOT, password_enabled="not_supported", mfa_active="true"), console("ann"),
                 aws_row("bot", **KEY))  # fmt: skip
    identities = found.of(IDENTITY)
    root, ann, bot = (
        identities[f"arn:aws:iam::{ACCOUNT}:root"].facts,
        identities[arn("ann")].facts,
        identities[arn("bot")].facts,
    )
    assert [(f["kind"], f["password_sign_in"], f["is_admin"], f["mfa_known"]) for f in (root, ann, bot)] == [
        ("human", "yes", "yes", "yes"), ("human", "yes", "unknown", "yes"), ("unknown", "no", "unknown", "yes"),
    ]  # fmt: skip
    assert {(f.facts["identity_key"], f.facts["strength"]) for f in found.of(FACTOR).values()} == {
        (f"arn:aws:iam::{ACCOUNT}:root", "strong")
    }
    assert found.rejected == [] and all(item.complete for item in found.covered.values())


@pytest.mark.parametrize("word", ["TRUE", "True", "true"])
def test_booleans_in_any_case(tmp_path: Path, word: str) -> None:
    found = read(tmp_path, console("ann", password_enabled=word, mfa_active=word))
    assert found.of(IDENTITY)[arn("ann")].facts["password_sign_in"] == "yes"
    assert len(found.of(FACTOR)) == 1


def test_unknown_mfa_is_not_no(tmp_path: Path) -> None:
    assert read(tmp_path, console("ann", mfa_active="")).of(IDENTITY)[arn("ann")].facts["mfa_known"] == "unknown"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"active": "true", "last_rotated": "2025-01-02T03:04:05Z", "last_used_date": "N/A"}, ("yes", "never")),
        (
            {"active": "false", "last_rotated": "2025-01-02T03:04:05Z", "last_used_date": "2025-02-02T03:04:05Z"},
            ("no", "used"),
        ),
        ({"active": "true", "last_rotated": "N/A", "last_used_date": ""}, ("yes", "unknown")),
        ({"active": "false", "last_rotated": "N/A", "last_used_date": "N/A"}, None),
    ],
)
def test_a_key_exists_when_it_has_a_date(
    tmp_path: Path, values: dict[str, str], expected: tuple[str, str] | None
) -> None:
    row = aws_row("bot", **{f"access_key_2_{name}": value for name, value in values.items()})
    keys = [record.facts for record in read(tmp_path, row).of(CREDENTIAL).values()]
    assert [(facts["active"], facts["use_state"]) for facts in keys] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("created", "used", "state"),
    [
        ("2022-12-19T09:17:32+00:00", "no_information", "never"),
        ("2013-05-01T00:00:00+00:00", "no_information", "unknown"),
        ("2022-12-19T09:17:32+00:00", "2026-11-01T08:00:00+00:00", "used"),
    ],
)
def test_no_information_is_never_only_since_aws_records_it(tmp_path: Path, created: str, used: str, state: str) -> None:
    row = console("ann", user_creation_time=created, password_last_used=used)
    assert read(tmp_path, row).of(IDENTITY)[arn("ann")].facts["use_state"] == state


def test_last_use_is_the_newest_of_password_and_keys(tmp_path: Path) -> None:
    row = console("ann", **KEY, access_key_1_last_used_date="2026-11-05T08:00:00Z")
    facts = read(tmp_path, row).of(IDENTITY)[arn("ann")].facts
    assert facts["last_used_at"].isoformat() == "2026-11-05T08:00:00+00:00"


def test_a_bad_row_is_rejected_with_its_place_and_the_rest_is_taken(tmp_path: Path) -> None:
    content = table(
        [console("ann"), console("bob", password_last_used="yesterday"), console("cid", mfa_active="maybe")]
    )
    found = read(tmp_path, **{"report.csv": content + "\ntruncated,arn:aws"})
    assert set(found.of(IDENTITY)) == {arn("ann")}
    assert found.reasons() == [
        "report.csv row 3: password_last_used is 'yesterday', not a time",
        "report.csv row 4: mfa_active is 'maybe', not true or false",
        "report.csv row 5: it has 2 columns, the header has 22",
    ]
    assert [item.key for item in found.rejected] == [arn("bob"), arn("cid"), ""]


def test_extra_columns_are_ignored_and_missing_ones_named(tmp_path: Path) -> None:
    extra = read(tmp_path, **{"r.csv": table([console("ann")], [*COLUMNS, "additional_credentials_info"])})
    assert len(extra.of(IDENTITY)) == 1
    without = [name for name in COLUMNS if name not in ("mfa_active", "cert_1_active")]
    with pytest.raises(UnrecognisedInput, match="without the columns mfa_active, cert_1_active; expected an AWS IAM"):
        read(tmp_path, **{"r.csv": table([console("ann")], without)})


def test_an_open_quote_makes_the_export_incomplete(tmp_path: Path) -> None:
    lines = table([console("ann"), console("bob"), console("cid")]).split("\n")
    lines[2] = '"' + lines[2]
    found = read(tmp_path, **{"r.csv": "\n".join(lines)})
    assert not found.covered[IDENTITY].complete
    assert "perhaps a quote is not closed" in found.reasons()[0]


def test_detection_names_the_source_after_the_account(tmp_path: Path) -> None:
    recognition = FORMAT.detect(put_all(tmp_path, {"r.csv": table([console("ann")])}))
    assert (recognition.score > 90, recognition.source_name) == (True, f"aws-{ACCOUNT}")
    assert FORMAT.detect(put_all(tmp_path / "other", {"x.csv": "a,b\n1,2"})).score == 0
