"""What an export does not tell is not gone: rows cut off, rows without their key, parts that list nothing."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import CommandError
from django.test import Client

from apps.inventory.importing.compare import examples
from apps.inventory.models import Asset, AssetObservation, Identity, Import, PersonRecord
from apps.inventory.services.intake import work_on
from tests.inventory.exports import console, imported, table, totals, write

pytestmark = pytest.mark.django_db
CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"
PEOPLE = "employee_id,name,email\n" + "".join(f"E{n},Person {n},p{n}@x.example\n" for n in range(6))


def report(tmp_path: Path, content: str) -> Path:
    return write(tmp_path / "report.csv", content)


def users(*rows: object, **head: object) -> str:
    return json.dumps({"@odata.context": f"{CONTEXT}users", **head, "value": rows})


def user(name: str, **fields: object) -> dict[str, object]:
    return {"id": f"id-{name}", "userPrincipalName": f"{name}@acme.example", "displayName": name, **fields}


def test_a_row_with_too_few_or_many_columns_is_not_gone(tmp_path: Path) -> None:
    content = table(map(console, "abcdef"))
    imported("auto", report(tmp_path, content))
    lines = content.split("\n")
    lines[2], lines[3] = lines[2].rsplit(",", 1)[0], lines[3] + ",false"
    result = imported("auto", report(tmp_path, "\n".join(lines)))
    assert (totals(result), len(result["rejected"]), result["complete"]) == ((0, 0, 4, 0), 2, True)


def test_after_a_cut_off_row_nothing_is_gone(tmp_path: Path) -> None:
    content = table(map(console, "abcdef"))
    imported("auto", report(tmp_path, content))
    result = imported("auto", report(tmp_path, "\n".join(content.split("\n")[:5]) + "\ne,arn:aws:iam"))
    assert (totals(result), result["complete"]) == ((0, 0, 4, 0), False)
    assert result["by_kind"]["credential"]["gone"] == 0
    assert Identity.objects.present().count() == 6


def test_a_row_without_its_key_may_be_anyone(tmp_path: Path) -> None:
    content = table(map(console, "abcdef"))
    imported("auto", report(tmp_path, content))
    lines = content.split("\n")
    lines[2] = lines[2].replace("arn:aws:iam::123456789012:user/b", "")
    result = imported("auto", report(tmp_path, "\n".join(lines)))
    assert (totals(result), result["complete"]) == ((0, 0, 5, 0), False)


def test_people_of_a_cut_off_file_did_not_leave(tmp_path: Path) -> None:
    path = write(tmp_path / "people.csv", PEOPLE)
    imported("people-csv", path, source="hr")
    write(path, PEOPLE[:-40].replace("E2,Person 2", "E2,Person, 2"))
    result = imported("people-csv", path, source="hr")
    assert (result["gone"], result["complete"]) == (0, False)
    assert PersonRecord.objects.filter(gone_at__isnull=True).count() == 6


def test_blank_rows_of_a_spreadsheet_are_no_rows(tmp_path: Path) -> None:
    result = imported("people-csv", write(tmp_path / "people.csv", PEOPLE + ",,\n,,\n"), source="hr")
    assert (totals(result), result["rejected"], result["complete"]) == ((6, 0, 0, 0), [], True)


def test_directory_roles_alone_are_no_shrunken_list_of_users(tmp_path: Path) -> None:
    imported("auto", write(tmp_path / "users.json", users(*map(user, "abcdef"))), source="entra")
    row = {"id": "r1", "principalId": "id-a", "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10"}
    roles = {"@odata.context": f"{CONTEXT}roleManagement/directory/roleAssignments", "value": [row]}
    result = imported("auto", write(tmp_path / "roles.json", json.dumps(roles)), source="entra")
    assert result["gone"] == 0 and result["by_kind"]["entitlement"]["created"] == 1
    assert Identity.objects.present().count() == 6


def test_a_graph_user_without_id_may_be_anyone(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    imported("auto", write(path, users(*map(user, "abc"))), source="entra")
    result = imported("auto", write(path, users(user("a"), user("b"), {**user("c"), "id": None})), source="entra")
    assert (result["gone"], result["complete"], len(result["rejected"])) == (0, False, 1)


def test_a_delta_answer_ends_nothing_and_makes_nobody(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    imported("auto", write(path, users(*map(user, "abc"))), source="entra")
    removed = {"id": "id-z", "@removed": {"reason": "changed"}}
    delta = users(user("a"), user("b"), removed, **{"@odata.deltaLink": "https://graph.microsoft.com/next"})
    result = imported("auto", write(path, delta), source="entra")
    assert (totals(result), result["complete"], len(result["rejected"])) == ((0, 0, 2, 0), False, 1)


def test_a_registry_export_without_its_mlmodel_files_keeps_what_is_known_of_the_weights(tmp_path: Path) -> None:
    version = {"name": "fraud", "version": "1", "source": "s3://b/1", "run_id": "r1", "current_stage": "None"}
    search = write(tmp_path / "model-versions.json", json.dumps({"model_versions": [version]}))
    described = tmp_path / "MLmodel"
    write(described, "run_id: r1\nflavors:\n  sklearn:\n    serialization_format: cloudpickle\n")
    imported("mlflow", search, described, source="registry")
    assert Asset.objects.get(kind="model_version").serialisation == "cloudpickle"
    result = imported("mlflow", search, source="registry")
    assert result["gone"] == 0
    assert Asset.objects.get(kind="model_version").serialisation == "cloudpickle"


def test_files_about_one_version_wipe_nothing_that_is_known_of_the_others(tmp_path: Path) -> None:
    """Weight format and content are told for each version by itself: the worst of two answers, told and untold."""
    rows = [{"name": "fraud", "version": n, "source": f"s3://b/{n}", "run_id": f"r{n}"} for n in ("1", "2")]
    search = write(tmp_path / "model-versions.json", json.dumps({"model_versions": rows}))

    def described(number: int, flavour: str) -> Path:
        folder = tmp_path / "fraud" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        return write(folder / "MLmodel", f"run_id: r{number}\nflavors:\n  {flavour}: {{}}\n")

    def known() -> list[tuple[str, str, str]]:
        rows = AssetObservation.objects.filter(kind="model_version").order_by("version")
        return [(row.serialisation, row.runs_code, row.content_digest[:6]) for row in rows]

    one, two = described(1, "pytorch"), described(2, "onnx")
    listed = tmp_path / "fraud" / "2" / "listing.sha256.txt"
    write(listed, f"{hashlib.sha256(two.read_bytes()).hexdigest()}  MLmodel  {two.stat().st_size}\n")
    imported("mlflow", search, one, two, listed, source="registry")
    assert known() == [("torch", "yes", ""), ("onnx", "no", "sha256")]
    imported("mlflow", search, described(1, "onnx"), source="registry")
    assert known() == [("onnx", "no", ""), ("onnx", "no", "sha256")]
    imported("mlflow", search, described(2, "keras"), source="registry")
    assert known() == [("onnx", "no", ""), ("onnx", "no", "sha256")], "a flavour without a format tells none"
    imported("mlflow", search, described(2, "keras: {data: model.keras}\n  x"), source="registry")
    assert known() == [("onnx", "no", ""), ("keras", "unknown", "sha256")], "a format that is told is told whole"


def test_a_preview_names_no_change_of_what_is_not_told(signed_in: Callable[[str], Client], tmp_path: Path) -> None:
    version = {"name": "fraud", "version": "1", "source": "s3://b/1", "run_id": "r1"}
    search = write(tmp_path / "model-versions.json", json.dumps({"model_versions": [version]}))
    described = write(tmp_path / "MLmodel", "run_id: r1\nflavors:\n  pytorch: {}\n")
    imported("mlflow", search, described, source="registry")
    files = SimpleUploadedFile("model-versions.json", search.read_bytes())
    form = {"files": files, "format": "mlflow", "source_name": "registry"}
    signed_in("security_admin").post("/setup/sources/upload", form)
    owner = Import.objects.latest("number")
    work_on(owner.pk)
    owner.refresh_from_db()
    changes = [change.columns for change in examples(owner)["updated"]]
    assert owner.state == "previewed" and changes == [{}]


def test_files_of_which_nothing_can_be_taken_are_refused_whole(tmp_path: Path) -> None:
    described = write(tmp_path / "MLmodel", "run_id: r1\nflavors:\n  sklearn:\n    serialization_format: cloudpickle\n")
    with pytest.raises(CommandError, match="no record that can be taken; MLmodel, file: no model version") as refused:
        imported("auto", described)
    assert refused.value.returncode == 2
    path = write(tmp_path / "people.csv", "employee_id,name\n1,Jos\u00e9\n".encode("cp1252"))
    with pytest.raises(CommandError, match="save the file as UTF-8"):
        imported("auto", path)


def test_a_mapping_to_a_field_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="people-csv maps no field 'nonsense'; there are employee_id, name"):
        imported("people-csv", write(tmp_path / "people.csv", PEOPLE), source="hr", map=["nonsense=name"])


def test_a_try_with_the_wrong_format_does_not_bind_the_source(tmp_path: Path) -> None:
    path = write(tmp_path / "people.csv", PEOPLE)
    imported("auto", write(tmp_path / "r.csv", table([console("ann")])), source="hr", dry_run=True)
    assert totals(imported("auto", path, source="hr")) == (6, 0, 0, 0)
    with pytest.raises(CommandError, match="Source hr is fed by people-csv"):
        imported("auto", tmp_path / "r.csv", source="hr", dry_run=True)


def test_the_mapping_of_an_upload_reaches_the_importer(signed_in: Callable[[str], Client]) -> None:
    file = SimpleUploadedFile("people.csv", "Nr;Wer\n7;Öz\n".encode())
    form = {"files": file, "format": "people-csv", "source_name": "hr", "mapping": "employee_id = Nr\r\nname=Wer\r\n"}
    assert signed_in("security_admin").post("/setup/sources/upload", form).status_code == 302
    owner = Import.objects.get()
    assert owner.options == {"employee_id": "Nr", "name": "Wer"}
    work_on(owner.pk)
    owner.refresh_from_db()
    assert (owner.state, owner.created) == ("previewed", 1)


def test_a_page_of_work_under_way_can_be_looked_at_again_without_javascript(signed_in: Callable[[str], Client]) -> None:
    client = signed_in("security_admin")
    form = {"files": SimpleUploadedFile("people.csv", PEOPLE.encode()), "format": "auto", "source_name": "hr"}
    page = client.post("/setup/sources/upload", form)["Location"]
    renews = f'<noscript><p class="note"><a href="{page}">Look again</a>'
    assert renews in client.get(page).content.decode()
    work_on(Import.objects.get().pk)
    assert renews not in client.get(page).content.decode()
