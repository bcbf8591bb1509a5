"""HR exports: columns by name or by mapping, status, dates, and what is not taken."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from apps.inventory.importers.people_csv import FORMAT
from apps.inventory.records import PERSON, Record, UnrecognisedInput
from tests.inventory.given import Parsed, put_all

CERT = "employee_name,user_id,email,role,projects,business_unit,functional_unit,department,team,supervisor\n"
OURS = "employee_id,name,email,manager_id,team,business_unit,job_title,status,start_date,end_date\n"


def read(tmp_path: Path, content: str | bytes, **options: Any) -> Parsed:
    return Parsed(FORMAT.parse(put_all(tmp_path, {"people.csv": content}), options))


def only(found: Parsed) -> Record:
    (record,) = found.of(PERSON).values()
    return record


def test_columns_of_cert(tmp_path: Path) -> None:
    row = "Maisie Kline,MMK1532,m.kline@dtaa.com,Technician,,2 - Executive,5 - Sales,3 - Field,3 - Regional,Y. Cortez\n"
    record = only(read(tmp_path, CERT + row))
    facts = {
        name: record.facts[name] for name in ("name", "login", "email", "manager_key", "team_name", "business_unit")
    }
    assert record.key == "MMK1532"
    assert facts == {
        "name": "Maisie Kline", "login": "MMK1532", "email": "m.kline@dtaa.com", "manager_key": "Y. Cortez",
        "team_name": "3 - Regional", "business_unit": "2 - Executive",
    }  # fmt: skip


def test_columns_of_the_sample(tmp_path: Path) -> None:
    row = "E1,Ann Lee,ann@x.example,E2,Risk,Lending,Analyst,on leave,2020-02-29,2026-12-31\n"
    facts = only(read(tmp_path, OURS + row)).facts
    assert (facts["status"], facts["started_on"], facts["ended_on"]) == (
        "active",
        date(2020, 2, 29),
        date(2026, 12, 31),
    )


@pytest.mark.parametrize(
    ("word", "status"), [("", "active"), ("Terminated", "left"), ("INACTIVE", "left"), ("sabbatical", "unknown")]
)
def test_status_words(tmp_path: Path, word: str, status: str) -> None:
    assert only(read(tmp_path, f"employee_id,name,status,email\nE1,Ann,{word},\n")).facts["status"] == status


def test_mapped_columns_win_and_a_missing_one_is_named(tmp_path: Path) -> None:
    content = "Worker ID,Who,Mail,Boss\n7,Ann Lee,ann@x.example,8\n"
    record = only(read(tmp_path, content, employee_id="Worker ID", name="Who", email="Mail", manager="Boss"))
    assert (record.key, record.facts["name"], record.facts["manager_key"]) == ("7", "Ann Lee", "8")
    with pytest.raises(UnrecognisedInput, match="without the column Nobody"):
        read(tmp_path, content, employee_id="Nobody")


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2026-11-20", "", date(2026, 11, 20)),
        ("20.11.2026", "", date(2026, 11, 20)),
        ("20/11/2026", "", date(2026, 11, 20)),
        ("11/20/2026", "", date(2026, 11, 20)),
        ("03/04/2026", "day", date(2026, 4, 3)),
        ("03/04/2026", "month", date(2026, 3, 4)),
        ("03/04/2026", "", None),
        ("20-Nov-2026", "", date(2026, 11, 20)),
        ("2026/11/20", "", date(2026, 11, 20)),
        ("soon", "", None),
    ],
)
def test_days(tmp_path: Path, text: str, order: str, expected: date | None) -> None:
    found = read(tmp_path, f"employee_id,name,start_date,email\nE1,Ann,{text},\n", date_order=order)
    if expected is None:
        assert found.of(PERSON) == {} and "start_date" in found.reasons()[0]
        assert found.rejected[0].key == "E1"
    else:
        assert only(found).facts["started_on"] == expected


def test_blank_key_and_misfit_rows_are_rejected(tmp_path: Path) -> None:
    found = read(tmp_path, "employee_id,name,team\n,Ann,Risk\nE2,Bo\nE3,Cy,Risk\n")
    assert set(found.of(PERSON)) == {"E3"}
    assert found.reasons() == [
        "people.csv row 2: it has no employee id, login or e-mail",
        "people.csv row 3: it has 2 columns, the header has 3",
    ]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_and_a_byte_order_mark(tmp_path: Path, delimiter: str) -> None:
    content = OURS.replace(",", delimiter) + delimiter.join(["E1", "Zoë", "z@x", "", "Risk", "", "", "", "", ""])
    record = only(read(tmp_path, content.encode("utf-8-sig")))
    assert (record.key, record.facts["name"]) == ("E1", "Zoë")


def test_other_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UnrecognisedInput, match="recognised a CSV file with the columns user, arn; expected a CSV file of people"
    ):
        read(tmp_path, "user,arn\nx,y\n")
    assert FORMAT.detect(put_all(tmp_path, {"people.csv": "user,arn\nx,y\n"})).score == 0


PEOPLE = "employee_id,name,email\nE1,Ann,ann@x.example\nE2,Bo,bo@x.example\n"


@pytest.mark.parametrize(
    "line",
    ["Total,2", "Total", "TOTAL: 2", "Grand total,,2", "Record count = 2", "Totals,2,", "Total employees,2", "total,,"],
)
def test_a_line_of_totals_is_no_person_and_the_export_stays_complete(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, PEOPLE + line + "\n")
    assert set(found.of(PERSON)) == {"E1", "E2"}
    assert found.reasons() == ["people.csv row 4: it is the line of totals, no person; the table ends there"]
    assert found.covered[PERSON].complete and not found.rejected[0].kind


@pytest.mark.parametrize("line", ["Total,5", "Total: 3", "Count,1,240"])
def test_a_line_of_totals_that_counts_other_rows_ends_nothing(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, PEOPLE + line + "\n")
    assert set(found.of(PERSON)) == {"E1", "E2"} and not found.covered[PERSON].complete
    assert "but 2 rows stand above it: nothing counts as gone" in found.reasons()[0]
    assert (found.rejected[0].kind, found.rejected[0].key) == (PERSON, "")


@pytest.mark.parametrize("line", ["E3,Cy", "Totale,Ann", "Total,Ann", "E3"])
def test_a_row_that_is_cut_off_is_no_line_of_totals(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, PEOPLE + line)
    assert not found.covered[PERSON].complete and "line of totals" not in found.reasons()[0]


def test_a_line_of_totals_stands_last_and_not_alone(tmp_path: Path) -> None:
    """In the middle it is a row like any other; a table of nothing else is no table of people."""
    found = read(tmp_path, "employee_id,name,email\nTotal,2,\nE1,Ann,ann@x.example\n")
    assert set(found.of(PERSON)) == {"Total", "E1"}
    found = read(tmp_path, "employee_id,name,email\nTotal,0\n")
    assert found.of(PERSON) == {} and not found.covered[PERSON].complete
