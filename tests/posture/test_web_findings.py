"""Findings: who sees which, who may do what, and what a refusal says."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.posture.models import Finding
from tests.cast import Cast
from tests.posture.world import HOSTILE, World, make_world

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
WIDE = ("ciso", "security_admin", "auditor")
NARROW = ("manager", "owner", "engineer", "outsider")


@pytest.fixture
def world(cast: Cast) -> World:
    """The small organisation, judged."""
    return make_world(cast)


def page(client: Client, url: str, **data: Any) -> str:
    """Return the text of a page that must answer."""
    response = client.get(url, data)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_addresses() -> None:
    """Other pages link to these."""
    assert reverse("posture:finding", args=[12]) == "/findings/F-12"
    assert reverse("posture:findings") == "/findings"
    assert reverse("posture:pillar", args=["identity"]) == "/posture/identity"


def test_nobody_reads_without_signing_in(client: Client, world: World) -> None:
    """Anonymous requests go to sign-in."""
    for url in ("/findings", "/findings.csv", "/findings/F-1", "/posture/results", "/findings/bulk?n=1"):
        assert client.get(url).status_code == 302


@pytest.mark.parametrize("name", WIDE)
def test_wide_roles_see_every_finding(signed_in: SignIn, world: World, name: str) -> None:
    """CISO, security admin and auditor see strangers' findings too, and open them."""
    client = signed_in(name)
    assert "marek.novak" in page(client, "/findings", check="ID-01")
    assert "marek.novak" in page(client, f"/findings/F-{world.finding('ID-01', world.stranger).pk}")


@pytest.mark.parametrize("name", ["manager", "owner"])
def test_manager_and_owner_see_their_own(signed_in: SignIn, world: World, name: str) -> None:
    """The owner's identity, not the outsider's."""
    client = signed_in(name)
    text = page(client, "/findings")
    assert "gpj.exe" in text
    assert "marek.novak" not in text
    assert "churn-gbm" not in text
    assert client.get(f"/findings/F-{world.finding('ID-01', world.stranger).pk}").status_code == 404


def test_outsider_sees_only_own(signed_in: SignIn, world: World) -> None:
    """Nothing of Model Engineering: neither rows, nor exports, nor pages."""
    client = signed_in("outsider")
    assert client.get(f"/findings/F-{world.finding('ID-01', world.identity).pk}").status_code == 404
    for ending in ("csv", "json"):
        text = b"".join(client.get(f"/findings.{ending}").streaming_content).decode()
        assert "gpj.exe" not in text
        assert "credit-risk-scorer" not in text


def test_hostile_names_are_shown_not_run(signed_in: SignIn, world: World) -> None:
    """Markup is escaped and order-changing characters are visible, in list, page and raw record."""
    client = signed_in("ciso")
    for url in ("/findings", f"/findings/F-{world.finding('ID-01', world.identity).pk}", "/posture/results"):
        text = page(client, url)
        assert HOSTILE not in text
        assert "<img src=x" not in text
        assert "⟨U+202E⟩gpj.exe" in text


def test_finding_page_tells_seen_and_expected(signed_in: SignIn, world: World) -> None:
    """Fact, evidence with hash, why, fix, standards with edition and title, timeline."""
    finding = world.finding("ID-01", world.stranger)
    text = page(signed_in("ciso"), f"/findings/F-{finding.pk}")
    for words in (
        "marek.novak: no second factor is registered; expected is an active second factor.",
        "SHA-256",
        "Record of entra",
        "Why it matters",
        "How to fix it",
        "aws iam enable-mfa-device",
        "IA-2(1)",
        "NIST SP 800-53",
        "Timeline",
        "Opened",
    ):
        assert words in text, words
    assert "Ask for exception" not in text


def test_who_may_act_and_why_not(signed_in: SignIn, world: World) -> None:
    """Auditors and the CISO see buttons with the reason; owner, manager and security admin may."""
    number = world.finding("ID-01", world.identity).pk
    assert "Auditors look, they do not act." in page(signed_in("auditor"), f"/findings/F-{number}")
    Finding.objects.update(owner=world.identity.person)
    for name in ("owner", "manager", "security_admin"):
        text = page(signed_in(name), f"/findings/F-{number}")
        assert "Change owner…" in text, name
    assert "Only its owner" in page(signed_in("ciso"), f"/findings/F-{number}")


@pytest.mark.parametrize(
    ("name", "status"), [("security_admin", 302), ("auditor", 403), ("ciso", 403), ("outsider", 404)]
)
def test_mark_as_fixed(signed_in: SignIn, world: World, name: str, status: int) -> None:
    """It awaits proof afterwards; who may not is told so, who may not see gets 404."""
    finding = world.finding("ID-01", world.identity)
    response = signed_in(name).post(f"/findings/F-{finding.pk}/fixed", {"note": "registered"})
    assert response.status_code == status
    finding.refresh_from_db()
    assert finding.state == ("awaiting_proof" if status == 302 else "open")


def test_fixing_is_posted_only(signed_in: SignIn, world: World) -> None:
    """A link never acts."""
    client = signed_in("security_admin")
    for act in ("fixed", "recheck", "owner", "due"):
        assert client.get(f"/findings/F-1/{act}").status_code == 405
    assert client.get("/setup/runs/start").status_code == 405


def test_owner_and_due_date(signed_in: SignIn, world: World) -> None:
    """A later day without a reason is refused beside its field; with one it stands in the timeline."""
    finding, client = world.finding("ID-01", world.stranger), signed_in("security_admin")
    response = client.post(f"/findings/F-{finding.pk}/owner", {"owner": str(world.identity.person_id)})
    assert response.status_code == 302
    later = (clock.now() + timedelta(days=200)).date()
    refused = client.post(f"/findings/F-{finding.pk}/due", {"due_on": later.isoformat()})
    assert refused.status_code == 400
    assert "Say why it takes longer." in refused.content.decode()
    given = {"due_on": later.isoformat(), "note": "vendor is late"}
    assert client.post(f"/findings/F-{finding.pk}/due", given).status_code == 302
    text = page(client, f"/findings/F-{finding.pk}")
    assert "vendor is late" in text
    assert "nobody → Priya Raman" in text


def test_recheck_resolves_what_is_fixed(signed_in: SignIn, world: World) -> None:
    """The check itself decides, not the person."""
    finding, client = world.finding("GV-01", world.model), signed_in("security_admin")
    world.model.owner, world.model.owner_confirmed_at = world.identity.person, clock.now()
    world.model.save()
    assert client.post(f"/findings/F-{finding.pk}/recheck").status_code == 302
    finding.refresh_from_db()
    assert finding.state == "resolved"
    assert "Resolved: the check is met" in page(client, f"/findings/F-{finding.pk}")


def test_filters(signed_in: SignIn, world: World) -> None:
    """Each narrows the list; what cannot be is a refusal, not an empty list."""
    client = signed_in("ciso")
    assert "churn-gbm" not in page(client, "/findings", pillar="identity")
    assert "marek.novak" in page(client, "/findings", source=str(world.source.pk))
    assert "marek.novak" in page(client, "/findings", owner="none", late="no", severity="high")
    assert "No finding matches these filters" in page(client, "/findings", q="nothing like it")
    assert "credit-risk-scorer" in page(client, "/findings", asset=str(world.model.pk))
    assert client.get("/findings", {"severity": "dreadful"}).status_code == 400


def test_bulk_names_its_set_and_count(signed_in: SignIn, world: World) -> None:
    """Nothing changes before the count was shown; then all change."""
    numbers = [world.finding("ID-01", world.identity).pk, world.finding("ID-01", world.stranger).pk]
    client = signed_in("security_admin")
    text = page(client, "/findings/bulk", n=numbers)
    assert "Change 2 findings" in text
    assert "2 high" in text
    given = {"n": numbers, "owner": str(world.identity.person_id)}
    assert client.post("/findings/bulk", given).status_code == 302
    assert Finding.objects.filter(pk__in=numbers, owner=world.identity.person).count() == 2


def test_bulk_is_all_or_nothing(signed_in: SignIn, world: World) -> None:
    """One that the actor may not change or see stops it; so does nothing to do."""
    own, other = world.finding("ID-01", world.identity).pk, world.finding("ID-01", world.stranger).pk
    given = {"n": [own, other], "owner": str(world.identity.person_id)}
    assert signed_in("manager").post("/findings/bulk", given).status_code == 404
    assert signed_in("auditor").post("/findings/bulk", given).status_code == 403
    assert signed_in("security_admin").post("/findings/bulk", {"n": [own]}).status_code == 400
    assert signed_in("security_admin").post("/findings/bulk", {"owner": "x"}).status_code == 400
    assert not Finding.objects.filter(owner__isnull=False).exists()


def test_empty_portal_says_so(signed_in: SignIn) -> None:
    """Never 0 % or 100 %."""
    for url in ("/findings", "/posture/results"):
        text = page(signed_in("ciso"), url)
        assert "Nothing evaluated yet" in text
        assert "%" not in text.split("<main")[1]


def test_list_asks_the_database_no_more_for_more_rows(
    cast: Cast, signed_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    """Query budget of the list and of a finding."""
    world = make_world(cast, extra=30)
    client = signed_in("ciso")
    page(client, "/findings")
    with django_assert_max_num_queries(32):
        page(client, "/findings")
    with django_assert_max_num_queries(40):
        page(client, f"/findings/F-{world.finding('ID-01', world.stranger).pk}")
