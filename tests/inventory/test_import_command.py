"""The import command: counts, refusals with one line and exit code 2, dry run, duplicates, the guards."""

import json
from pathlib import Path

import jsonschema
import pytest
from django.core.management import CommandError, call_command

from apps.audit.models import Entry
from apps.inventory.models import Credential, Identity, Import, Source, StagedIdentity
from apps.inventory.services.cleanup import clean_up
from tests.inventory.exports import console, imported, table, totals, write

pytestmark = pytest.mark.django_db
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "import-result.schema.json").read_text())


def report(tmp_path: Path, *names: str, **values: str) -> Path:
    return write(tmp_path / "report.csv", table([console(name, **values) for name in names]))


def refusal(*arguments: object, **options: object) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("import_inventory", *map(str, arguments), **options)
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_created_unchanged_updated_gone_and_back(tmp_path: Path) -> None:
    first = imported("auto", report(tmp_path, "ann", "bob", "cid"))
    jsonschema.validate(first, SCHEMA)
    assert (first["source"], totals(first)) == ("aws-123456789012", (3, 0, 0, 0))
    assert totals(imported("auto", report(tmp_path, "ann", "bob", "cid"))) == (0, 0, 3, 0)
    assert totals(imported("auto", report(tmp_path, "ann", "bob"))) == (0, 0, 2, 1)
    assert Credential.objects.present().count() == 2
    assert totals(imported("auto", report(tmp_path, "ann", "bob", mfa_active="true"))) == (0, 2, 0, 0)
    back = imported("auto", report(tmp_path, "ann", "bob", "cid", mfa_active="true"))
    assert totals(back) == (1, 0, 2, 0)
    assert Identity.objects.present().count() == 3 == Identity.objects.count()


def test_ids_are_stable(tmp_path: Path) -> None:
    imported("auto", report(tmp_path, "ann"))
    before = set(Identity.objects.values_list("pk", flat=True))
    imported("auto", report(tmp_path, "bob", mfa_active="true"), accept_shrink=True)
    imported("auto", report(tmp_path, "ann"), accept_shrink=True)
    assert set(Identity.objects.filter(login="ann").values_list("pk", flat=True)) == before


def test_one_audit_event_holds_digest_and_counts(tmp_path: Path) -> None:
    imported("auto", report(tmp_path, "ann"))
    assert Entry.objects.filter(action="inventory.import.applied").count() == 1
    owner = Import.objects.get()
    assert (owner.state, owner.created, len(owner.digest), owner.number) == ("applied", 1, 64, 1)


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    found = imported("auto", report(tmp_path, "ann", "bob"), dry_run=True)
    assert totals(found) == (2, 0, 0, 0)
    assert not Identity.objects.exists()
    assert Import.objects.get().state == "discarded"
    clean_up(Import.objects.get().pk)
    assert not StagedIdentity.objects.exists()


def test_duplicates_are_rejected_with_both_places(tmp_path: Path) -> None:
    found = imported("auto", report(tmp_path, "ann", "bob", "ann"))
    assert totals(found) == (2, 0, 0, 0)
    assert found["rejected"] == [
        {
            "file": "report.csv",
            "where": "row 4",
            "reason": "the same identity stands already in report.csv, row 2; that one was taken",
        }
    ]


def test_a_rejected_row_is_not_gone(tmp_path: Path) -> None:
    imported("auto", report(tmp_path, "ann", "bob", "cid"))
    rows = [console("ann"), console("bob", mfa_active="perhaps")]
    found = imported("auto", write(tmp_path / "report.csv", table(rows)))
    assert (totals(found), len(found["rejected"])) == ((0, 0, 1, 1), 1)
    assert set(Identity.objects.present().values_list("login", flat=True)) == {"ann", "bob"}


def test_half_a_file_is_refused_until_it_is_accepted(tmp_path: Path) -> None:
    imported("auto", report(tmp_path, "a", "b", "c", "d"))
    assert "under half of the 4" in refusal("auto", report(tmp_path, "a"))
    assert Identity.objects.present().count() == 4
    assert totals(imported("auto", report(tmp_path, "a", "b"))) == (0, 0, 2, 2)
    empty = write(tmp_path / "empty.csv", table([]))
    assert "under half" in refusal("auto", empty, source="aws-123456789012")
    assert totals(imported("auto", empty, source="aws-123456789012", accept_shrink=True)) == (0, 0, 0, 2)


def test_an_older_state_is_not_imported_over_a_newer_one(tmp_path: Path) -> None:
    imported("auto", report(tmp_path, "ann"), observed_at="2026-05-02T00:00:00Z")
    assert "older state" in refusal("auto", report(tmp_path, "bob"), observed_at="2026-05-01T00:00:00Z")
    assert "in the future" in refusal("auto", report(tmp_path, "bob"), observed_at="2126-05-01T00:00:00Z")
    assert imported("auto", report(tmp_path, "ann"), observed_at="2026-05-02")["observed_at"] == "2026-05-02T00:00:00Z"
    assert Source.objects.get().observed_at.isoformat() == "2026-05-02T00:00:00+00:00"


def test_refusals_say_what_was_recognised_and_expected(tmp_path: Path) -> None:
    other = write(tmp_path / "notes.txt", "hello")
    assert "expected an AWS IAM credential report" in refusal("aws-iam-credential-report", other)
    assert "recognised no known format in notes.txt; expected one of" in refusal("auto", other)
    assert "There is no format 'excel'" in refusal("excel", other)
    assert "cannot be read" in refusal("auto", tmp_path / "absent.csv")
    assert "not a time" in refusal("auto", other, observed_at="yesterday")
    assert "FIELD=COLUMN" in refusal("auto", other, map=["name"])
    (tmp_path / "empty").mkdir()
    assert "no data file" in refusal("auto", tmp_path / "empty")
    assert not Source.objects.exists()


def test_a_source_is_fed_by_one_format(tmp_path: Path) -> None:
    imported("auto", report(tmp_path, "ann"), source="Main")
    people = write(tmp_path / "people.csv", "employee_id,name,team\nE1,Ann,Risk\n")
    assert "fed by aws-iam-credential-report" in refusal("people-csv", people, source="main")


def test_folders_expand_and_unknown_files_are_reported(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    write(folder / "deep" / "report.csv", table([console("ann")]))
    write(folder / "SOURCES.md", "notes")
    write(folder / ".hidden.csv", "x")
    write(folder / "other.csv", "a,b\n1,2\n")
    found = imported("auto", folder)
    assert totals(found) == (1, 0, 0, 0)
    assert [item["file"] for item in found["rejected"]] == ["other.csv"]


def test_the_text_form_tells_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("import_inventory", "auto", str(report(tmp_path, "ann")))
    assert "aws-123456789012" in (out := capsys.readouterr().out)
    assert "1 created, 0 updated, 0 unchanged, 0 gone" in out


def test_what_hangs_on_a_rejected_row_is_not_gone_either(tmp_path: Path) -> None:
    imported("auto", report(tmp_path, "ann", "bob", mfa_active="true"))
    rows = [console("ann", mfa_active="true"), console("bob", password_last_used="soon")]
    found = imported("auto", write(tmp_path / "report.csv", table(rows)))
    assert (found["by_kind"]["factor"]["gone"], found["by_kind"]["credential"]["gone"]) == (0, 0)
    assert Identity.objects.get(login="bob").factors.filter(gone_at__isnull=True).count() == 1
