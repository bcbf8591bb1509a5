"""A source is one that was read: tries and refusals alone leave none in lists, counts, search and API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.test import Client

from apps.inventory.models import Import, Source
from apps.inventory.queries.sources import stale_sources
from tests.factories import NOW, make_import
from tests.inventory.exports import console, imported, table, write

pytestmark = pytest.mark.django_db


def places(client: Client) -> list[str]:
    """What every place that lists sources answers, to compare with a name."""
    paths = ("/setup/sources", "/setup/sources.csv", "/setup/sources.json", "/search?q=entra", "/api/v1/sources")
    answers = [client.get(path, follow=True) for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    return [
        b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()
        for answer in answers
    ]


def test_a_try_and_a_refusal_make_no_source(signed_in: Callable[[str], Client], tmp_path: Path) -> None:
    client = signed_in("auditor")
    report = write(tmp_path / "report.csv", table([console("ann")]))
    imported("auto", report, source="Entrance", dry_run=True)
    rejected = write(tmp_path / "bad.csv", "employee_id,name\n,nobody\n")
    with pytest.raises(CommandError):
        imported("people-csv", rejected, source="Entra two")
    assert Source.objects.count() == 2 and not Source.objects.read().exists()
    shown = places(client)
    assert "No source yet" in shown[0]
    assert not any("Entrance" in words or "Entra two" in words for words in shown)
    assert stale_sources(NOW) == ([], 0)
    number = Import.objects.order_by("number")[0].number
    assert client.get(f"/setup/imports/{number}").status_code == 200, "the import itself can be looked at"


def test_a_source_that_was_read_stays_one_through_tries(signed_in: Callable[[str], Client], tmp_path: Path) -> None:
    client = signed_in("auditor")
    report = write(tmp_path / "report.csv", table([console("ann")]))
    imported("auto", report, source="Entrance")
    imported("auto", report, source="Entrance", dry_run=True)
    assert all("Entrance" in words for words in places(client))
    assert stale_sources(Source.objects.get().observed_at)[1] == 1


def test_an_import_at_work_tells_how_many_records_it_has_read(signed_in: Callable[[str], Client]) -> None:
    owner = make_import(state="staging", staged=16_000)
    words = signed_in("auditor").get(f"/setup/imports/{owner.number}").content.decode()
    assert "16,000 records read" in words and "bytes" not in words
