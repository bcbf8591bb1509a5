"""Who sees which events: pages, exports and API agree."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.audit.queries.events import visible_events
from apps.core.command import record
from apps.core.events import Subject
from tests.audit.log import CHANGED, READ
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
CANARY = "canary-7f3a"
WIDE = ["ciso", "security_admin", "auditor"]
NARROW = ["manager", "owner", "engineer", "service", "outsider"]


@pytest.fixture
def events(cast: Cast) -> Cast:
    """One event of a subject of no kind, one of Model Engineering's asset, one by the outsider."""
    record(CHANGED, actor=cast.actor("ciso"), subject=Subject("secret", "1", CANARY), details={"note": CANARY})
    asset = make_asset(name="credit-risk-scorer", team=cast.teams["Model Engineering"])
    subject = Subject("asset", str(asset.pk), "credit-risk-scorer")
    record(CHANGED, actor=cast.actor("ciso"), subject=subject, details={"note": "of the team"})
    record(READ, actor=cast.actor("outsider"), subject=Subject("secret", "2", "own"), details={"note": "own act"})
    return cast


@pytest.mark.parametrize("name", WIDE)
def test_ciso_admin_and_auditor_see_the_whole_log(name: str, events: Cast) -> None:
    """Every event there is."""
    assert visible_events(events.actor(name)).count() == Entry.objects.count()


@pytest.mark.parametrize("name", NARROW)
def test_others_see_their_own_acts_and_events_of_what_they_see(name: str, events: Cast) -> None:
    """Nothing of a subject they cannot see."""
    seen = {(e.subject_kind, e.subject_id) for e in visible_events(events.actor(name))}
    kinds = {kind for kind, _ in seen}
    assert ("secret", "1") not in seen
    assert (("secret", "2") in seen) == (name == "outsider")
    assert ("asset" in kinds) == (name != "outsider")


@pytest.mark.parametrize("name", [*WIDE, *(name for name in NARROW if name != "service")])
def test_pages_and_exports_hold_no_canary_for_strangers(
    name: str, events: Cast, signed_in: Callable[[str], Client]
) -> None:
    """List, day counts, search, filters, exports and the event itself."""
    client, may = signed_in(name), name in WIDE
    for address in ("/audit", "/audit.csv", "/audit.json"):
        response = client.get(address)
        assert response.status_code == 200
        body = b"".join(response.streaming_content) if response.streaming else response.content
        assert (CANARY.encode() in body) == may, address
    for query in (f"subject={CANARY}", f"subject={CANARY[:5].upper()}"):
        response = client.get(f"/audit?{query}")
        assert bool(response.context["events"]) == may and (response.context["total"] > 0) == may
    secret = Entry.objects.get(subject_id="1", subject_kind="secret")
    assert client.get(f"/audit/{secret.log}/{secret.seq}").status_code == (200 if may else 404)
    assert client.get("/audit/package").status_code == (409 if may else 403)


def test_anonymous_is_sent_to_sign_in(client: Client) -> None:
    """Every address of the log."""
    for address in ("/audit", "/audit.csv", "/audit/package", "/audit/privileged/0", "/audit/privileged/0/erase"):
        response = client.get(address)
        assert response.status_code == 302 and "login" in response["Location"]


@pytest.mark.parametrize("name", ["ciso", "auditor", "engineer", "manager"])
def test_only_a_security_administrator_erases(name: str, events: Cast, signed_in: Callable[[str], Client]) -> None:
    """403 with the reason where the event is visible, 404 where it is not."""
    secret = Entry.objects.get(subject_id="1", subject_kind="secret")
    client = signed_in(name)
    for response in (client.get(f"/audit/{secret.log}/{secret.seq}/erase"),
                     client.post(f"/audit/{secret.log}/{secret.seq}/erase", {"reason": "x"})):  # fmt: skip
        assert response.status_code == (403 if name in WIDE else 404)
    secret.details.refresh_from_db()
    assert secret.details.content is not None


def test_a_security_administrator_erases_with_a_reason(events: Cast, signed_in: Callable[[str], Client]) -> None:
    """Once; the page says erased; the reason is an event."""
    secret = Entry.objects.get(subject_id="1", subject_kind="secret")
    client, address = signed_in("security_admin"), f"/audit/{secret.log}/{secret.seq}"
    assert client.post(f"{address}/erase", {"reason": " "}).status_code == 400
    assert client.post(f"{address}/erase", {"reason": "Request 12"}).status_code == 302
    body = client.get(address).content.decode()
    assert CANARY not in body and "were erased" in body
    assert client.post(f"{address}/erase", {"reason": "again"}).status_code == 409
    erasure = Entry.objects.get(action="audit.details.erased", outcome="done")
    assert json.loads(bytes(erasure.details.content))["facts"] == {"reason": "Request 12"}
