"""The pages: what they show, and that reading and exporting are written down."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from apps.audit.models import Entry, Verification
from apps.audit.queries.events import describe
from apps.audit.services import reads
from tests.audit.log import CHANGED, NOW, READ, append, last, sign
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_the_list_shows_filters_days_and_status(signed_in: Callable[[str], Client], tmp_path: Path) -> None:
    """Absolute times, plain words and code, the line that says how far the log is verified."""
    append(60, before={"tier": 2}, after={"tier": 1})
    append(3, event=READ)
    sign(tmp_path)
    client = signed_in("auditor")
    body = client.get("/audit").content.decode()
    assert "Privileged log verified" in body and "to event 59, checkpoint of 20 Nov 2026, 06:12 UTC" in body
    assert "Changed a thing" in body and "audittest.thing.changed" in body and "20 Nov 2026" in body
    assert "63 events" in body and "written down in the activity log" in body
    assert "audit-days" in body and client.get("/audit?page=2").status_code == 200
    for query, count in (
        ("privileged=true", 60), ("subject=17", 1), ("outcome=denied", 0), ("actor=tests", 63), ("actor=nobody", 0),
        ("since=2026-11-21", 0), ("until=2026-11-20&actor=tests", 63), ("since=2026-11-20&until=2026-11-20", 63),
    ):  # fmt: skip
        response = client.get(f"/audit?{query}")
        assert response.status_code == 200
        found = [event for event in response.context["events"] if event.entry.action.startswith("audittest")]
        assert len(found) == min(count, 50), query


@pytest.mark.parametrize(
    "query", ["since=yesterday", "outcome=x", "action=nothing", "actor=%00", "page=-1", "sort=body"]
)
def test_bad_input_is_an_error_or_ignored_never_a_crash(query: str, signed_in: Callable[[str], Client]) -> None:
    """400 with the field, or the first page."""
    assert signed_in("auditor").get(f"/audit?{query}").status_code in (200, 400)


def test_a_red_line_names_the_first_event_that_does_not_verify(signed_in: Callable[[str], Client]) -> None:
    """Bad news first."""
    append(1)
    found = {"log": "privileged", "size": 9, "verified_at": NOW, "ok": False, "first_bad_seq": 4, "problem": "x"}
    Verification.objects.create(key="privileged/verify", by="verify", **found)
    body = signed_in("ciso").get("/audit").content.decode()
    assert "Privileged log does not verify" in body and "from event 4: x" in body


def test_an_event_shows_what_changed_and_its_proof(signed_in: Callable[[str], Client], tmp_path: Path) -> None:
    """Before and after, object, request, leaf hash, inclusion proof; unsigned events say so."""
    append(5, before={"tier": 2, "same": 1}, after={"tier": 1, "same": 1}, value={"before": "<b>", "after": None})
    client, address = signed_in("auditor"), "/audit/privileged/3"
    assert "Not in a checkpoint yet" in client.get(address).content.decode()
    sign(tmp_path)
    body = client.get(address).content.decode()
    assert "stands at its place in the signed log" in body and "Inclusion proof, 3 hashes" in body
    assert describe(Entry.objects.get(seq=3, log="privileged")).leaf_hex in body
    assert "Tier" in body and "Same" not in body and "&lt;b&gt;" in body and "<b>&" not in body
    assert client.get("/audit/privileged/99999").status_code == 404
    assert client.get("/audit/other/1").status_code == 404


def test_hostile_names_are_shown_harmless(signed_in: Callable[[str], Client]) -> None:
    """Markup escaped, bidi and NUL visible."""
    append(1, value="</script><svg onload=alert(1)>\u202egpj.exe\x00")
    client = signed_in("auditor")
    for address in ("/audit", "/audit/privileged/0"):
        body = client.get(address).content.decode()
        assert "<svg onload" not in body and "\u202e" not in body and "\x00" not in body
    assert "onload" in b"".join(client.get("/audit.csv").streaming_content).decode()


def test_reading_and_exporting_are_events(signed_in: Callable[[str], Client], cast: Cast) -> None:
    """Reads in the activity log, exports in the privileged one, with the filters."""
    append(3)
    client = signed_in("auditor")
    client.get("/audit?subject=1")
    read = Entry.objects.get(action="audit.log.viewed")
    assert read.log == "activity" and json.loads(bytes(read.details.content))["facts"]["filters"] == {"subject": ["1"]}
    client.get("/audit/privileged/1")
    assert Entry.objects.get(action="audit.event.viewed").subject_id == "privileged/1"
    rows = json.loads(b"".join(client.get("/audit.json?privileged=true").streaming_content))["rows"]
    assert [row["number"] for row in rows][-3:] == [2, 1, 0] and rows[-1]["reason"] == ""
    assert last().action == "audit.log.exported" and last().log == "privileged"
    assert client.get("/audit.xml").status_code == 404


def test_an_event_without_filters_says_that_none_were_asked_for(signed_in: Callable[[str], Client]) -> None:
    append(1)
    client = signed_in("auditor")
    client.get("/audit")
    read = Entry.objects.get(action="audit.log.viewed")
    body = client.get(f"/audit/{read.log}/{read.seq}").content.decode()
    assert "<dt>Filters</dt><dd>none</dd>" in body and "Unknown" not in body


def test_reads_are_gathered_and_what_does_not_fit_is_counted() -> None:
    """A full buffer drops reads, never silently."""
    append(1, event=READ)
    act = reads._dropped(0)
    buffer = reads.ReadBuffer(capacity=3)
    for _ in range(5):
        buffer.add(act)
    assert buffer.flush() == 4 and buffer.flush() == 0
    dropped = Entry.objects.filter(action="audit.reads.dropped").latest("seq")
    assert json.loads(bytes(dropped.details.content))["facts"] == {"count": 2}


def test_the_list_costs_a_fixed_number_of_queries(
    signed_in: Callable[[str], Client], django_assert_max_num_queries: Callable
) -> None:
    """However many rows the page has."""
    client = signed_in("auditor")
    client.get("/audit")
    append(50)
    with django_assert_max_num_queries(30):
        client.get("/audit")
    assert CHANGED.title in client.get("/audit").content.decode()
