"""CERT's monthly HR snapshots: counts, leavers and managers equal a plain recount of the CSV."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from apps.inventory.models import Person, PersonRecord
from tests.real_inputs.run import imported

pytestmark = [pytest.mark.real_inputs, pytest.mark.django_db]


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as stream:
        return {row["user_id"]: row for row in csv.DictReader(stream)}


def test_two_snapshots_half_a_year_apart(real_inputs: Path) -> None:
    folder = real_inputs / "hr-cert-ldap"
    first, second = rows(folder / "2009-12.csv"), rows(folder / "2010-06.csv")
    found = imported("auto", folder / "2009-12.csv", observed_at="2009-12-31T00:00:00Z")
    assert (found["format"], found["created"], found["rejected"]) == ("people-csv", len(first), [])
    assert Person.objects.count() == len(first)
    found = imported("people-csv", folder / "2010-06.csv", observed_at="2010-06-30T00:00:00Z")
    changed = sum(key in first and first[key] != row for key, row in second.items())
    assert (found["created"], found["gone"]) == (len(set(second) - set(first)), len(set(first) - set(second)))
    assert (found["updated"], found["unchanged"]) == (changed, len(set(first) & set(second)) - changed)
    assert Person.objects.filter(status="left").count() == len(set(first) - set(second))
    assert Person.objects.filter(status="active").count() == len(second)


def test_managers_are_found_by_their_unique_name(real_inputs: Path) -> None:
    path = real_inputs / "hr-cert-ldap" / "2010-06.csv"
    table = rows(path)
    imported("people-csv", path)
    names = Counter(row["employee_name"].lower() for row in table.values())
    expected = {key for key, row in table.items() if names[row["supervisor"].lower()] == 1}
    found = PersonRecord.objects.filter(person__manager__isnull=False)
    assert {record.source_key for record in found} == expected
    for record in found.select_related("person__manager"):
        assert record.person and record.person.manager
        assert record.person.manager.name == table[record.source_key]["supervisor"]


def test_an_older_snapshot_is_not_imported_over_a_newer_one(real_inputs: Path) -> None:
    folder = real_inputs / "hr-cert-ldap"
    imported("people-csv", folder / "2010-06.csv", observed_at="2010-06-30T00:00:00Z")
    with pytest.raises(Exception, match="older state") as refusal:
        imported("people-csv", folder / "2009-12.csv", observed_at="2009-12-31T00:00:00Z")
    assert refusal.value.returncode == 2  # type: ignore[attr-defined]
