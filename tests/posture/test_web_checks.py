"""Pillar, results, runs, checks and goals: who opens them, who changes them, and that numbers lead to their rows."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from apps.posture.models import CheckVersion, PillarTarget, Run, Schedule, SeverityDue
from apps.posture.queries.headline import headline
from apps.posture.queries.runs import last_published
from apps.posture.spec import CHECKS
from apps.posture.states import Outcome
from tests.cast import Cast
from tests.posture.world import World, make_world

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
WIDE_ONLY = (
    "/posture/identity",
    "/setup/runs",
    "/setup/runs/1",
    "/setup/checks",
    "/setup/checks/ID-01",
    "/setup/checks/settings",
)


@pytest.fixture
def world(cast: Cast) -> World:
    """The small organisation, judged."""
    cache.clear()
    return make_world(cast)


def page(client: Client, url: str, **data: Any) -> str:
    """Return the text of a page that must answer."""
    response = client.get(url, data)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


@pytest.mark.parametrize("url", WIDE_ONLY)
def test_wide_roles_only(signed_in: SignIn, world: World, url: str) -> None:
    """CISO, security admin and auditor; others are told whom the page is for."""
    for name in ("ciso", "security_admin", "auditor"):
        assert signed_in(name).get(url).status_code == 200, name
    for name in ("manager", "owner", "engineer", "outsider"):
        assert signed_in(name).get(url).status_code == 403, name
    assert Client().get(url).status_code == 302


def test_results_list_is_exactly_what_is_counted(signed_in: SignIn, world: World) -> None:
    """The rows of each outcome are as many as the headline counts."""
    client, tally = signed_in("ciso"), headline(last_published())
    for outcome in Outcome.values:
        rows = client.get("/posture/results.json", {"outcome": outcome, "run": world.run.pk}).streaming_content
        assert b"".join(rows).count(b'"check"') == getattr(tally, outcome), outcome
    rows = client.get("/posture/results.json", {"outcome": "applicable"}).streaming_content
    assert b"".join(rows).count(b'"check"') == tally.applicable


def test_results_of_others_are_not_told(signed_in: SignIn, world: World) -> None:
    """An engineer sees the team's assets, not other people's identities; a foreign asset has no results."""
    client = signed_in("engineer")
    text = page(client, "/posture/results")
    assert "credit-risk-scorer" in text
    for words in ("marek.novak", "churn-gbm", "gpj.exe"):
        assert words not in text
    assert "churn-gbm" not in page(client, "/posture/results", asset=str(world.foreign.pk))
    assert "marek.novak" not in page(client, "/posture/results", asset=str(world.model.pk))


def test_heat_cells_lead_to_what_they_count(cast: Cast, signed_in: SignIn) -> None:
    """Each cell links to a list with exactly its applicable results; few are not tinted."""
    cache.clear()
    make_world(cast, extra=110)
    response = signed_in("ciso").get("/posture/identity")
    text = response.content.decode()
    assert "Where, by department" in text
    assert "n&lt;5" in text
    checked = 0
    for heat in response.context["where"]:
        for place, cells in heat["rows"]:
            for tally, url in cells[:1]:
                found = signed_in("ciso").get(url)
                assert found.context["total"] == tally.applicable, (place, url)
                checked += 1
    assert checked >= 10


def test_pillar_tells_ratio_target_and_stage(signed_in: SignIn, world: World) -> None:
    """n of N, target, stage with the reason, checks with to gain; another pillar has none yet."""
    text = page(signed_in("ciso"), "/posture/identity")
    for words in ("80 % target", "Maturity stage", "By check", "To gain", "ID-01", "not applicable"):
        assert words in text, words
    assert "Nothing evaluated yet" in page(signed_in("ciso"), "/posture/devices")
    assert "our own pillar" not in text
    assert signed_in("ciso").get("/posture/nothing").status_code == 404
    assert signed_in("ciso").get("/posture/identity?as_of=soon").status_code == 400
    assert "Nothing was evaluated by then" in page(signed_in("ciso"), "/posture/identity", as_of="2020-01-01")


def test_pillar_asks_little(cast: Cast, signed_in: SignIn, django_assert_max_num_queries: Any) -> None:
    """Query budget, whatever the number of rows."""
    make_world(cast, extra=30)
    client = signed_in("ciso")
    page(client, "/posture/identity")
    with django_assert_max_num_queries(30):
        page(client, "/posture/identity")


def test_only_security_admins_start_and_cancel(signed_in: SignIn, world: World) -> None:
    """Others get 403 and see the button with the reason; two runs at once are a conflict."""
    for name in ("ciso", "auditor", "manager", "engineer"):
        assert signed_in(name).post("/setup/runs/start").status_code == 403
    assert "Only a security administrator starts runs." in page(signed_in("auditor"), "/setup/runs")
    client = signed_in("security_admin")
    response = client.post("/setup/runs/start")
    assert response.status_code == 302
    run = Run.objects.order_by("-number")[0]
    assert response["Location"] == f"/setup/runs/{run.pk}"
    text = page(client, f"/setup/runs/{run.pk}")
    assert "hx-get" in text
    assert f"0 of about {len(CHECKS.names())} checks" in text
    assert client.post("/setup/runs/start").status_code == 409
    assert signed_in("auditor").post(f"/setup/runs/{run.pk}/cancel").status_code == 403
    assert client.post(f"/setup/runs/{run.pk}/cancel").status_code == 302
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert client.get("/setup/runs/999").status_code == 404


def test_a_polling_page_reloads_when_the_run_has_ended(signed_in: SignIn, world: World) -> None:
    """The card alone would hide what the run counted."""
    response = signed_in("ciso").get(f"/setup/runs/{world.run.pk}", headers={"HX-Request": "true"})
    assert response["HX-Refresh"] == "true"


def test_effect_is_shown_before_saving(signed_in: SignIn, world: World) -> None:
    """Preview keeps nothing; saving needs a note; a version previewed earlier is a conflict."""
    client = signed_in("security_admin")
    given = {"days": "400"}
    response = client.post("/setup/checks/NH-01", {"step": "preview", "days": "300"})
    assert response.status_code == 200
    text = response.content.decode()
    assert "would" in text or "No result would change" in text
    assert "Save as a new version" in text
    assert CheckVersion.objects.filter(check_id="NH-01").count() == 1
    assert client.post("/setup/checks/NH-01", {"step": "save", "days": "300", "version": "1"}).status_code == 400
    save = {"step": "save", "days": "300", "version": "1", "note": "keys live longer here"}
    assert client.post("/setup/checks/NH-01", save).status_code == 302
    assert CheckVersion.objects.get(check_id="NH-01", active=True).params["days"] == 300
    assert "keys live longer here" in page(client, "/setup/checks/NH-01")
    assert client.post("/setup/checks/NH-01", {**save, "days": "200"}).status_code == 409
    assert client.post("/setup/checks/NH-01", {"step": "preview", **given, "days": "-1"}).status_code == 400


@pytest.mark.parametrize("name", ["ciso", "auditor"])
def test_others_read_checks_and_change_nothing(signed_in: SignIn, world: World, name: str) -> None:
    """No form, the reason instead; a post is refused."""
    client = signed_in(name)
    text = page(client, "/setup/checks/NH-01")
    assert "Show the effect" not in text
    assert "Only a security administrator changes checks and goals." in text
    assert client.post("/setup/checks/NH-01", {"step": "preview", "days": "80"}).status_code == 403
    assert (
        client.post("/setup/checks/settings", {"part": "schedule", "schedule-interval_hours": "1"}).status_code == 403
    )


def test_goals_are_saved_by_part(signed_in: SignIn, world: World) -> None:
    """Schedule, targets and due days, each with its bounds."""
    client = signed_in("security_admin")
    url = "/setup/checks/settings"
    assert client.post(url, {"part": "schedule", "schedule-interval_hours": "12"}).status_code == 302
    assert Schedule.objects.get().interval_hours == 12
    assert client.post(url, {"part": "schedule", "schedule-interval_hours": "0"}).status_code == 400
    percents = {
        f"targets-{name}": "90" for name in ("all", "identity", "devices", "network", "models", "data", "governance")
    }
    assert client.post(url, {"part": "targets", **percents}).status_code == 302
    assert PillarTarget.objects.get(pillar="identity").percent == 90
    assert client.post(url, {"part": "due", "due-critical": "3", "due-high": "14", "due-medium": ""}).status_code == 302
    assert SeverityDue.objects.get(severity="critical").days == 3
    assert SeverityDue.objects.get(severity="medium").days is None
    assert client.post(url, {"part": "else"}).status_code == 400


def test_empty_portal(signed_in: SignIn) -> None:
    """Never 0 % or 100 % before the first run."""
    client = signed_in("ciso")
    assert "Nothing evaluated yet" in page(client, "/posture/identity")
    assert "No run yet" in page(client, "/setup/runs")
    assert "nothing evaluated yet" in page(client, "/setup/checks")
    text = page(client, "/setup/checks/ID-01")
    assert "nothing evaluated yet" in text
    assert " 0 %" not in text
    assert client.get("/setup/checks/XX-99").status_code == 404
