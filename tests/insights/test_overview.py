"""The overview is kept until something it shows changes, and never keeps what is one person's."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Forbidden
from apps.insights.services.snapshots import take_due_snapshots
from apps.inventory.models import Source
from apps.portal.services.removal import remove_sample
from apps.posture.models import Finding, FurthestAsset
from apps.posture.queries.assets import furthest_after
from apps.posture.services.findings import assign_owner
from apps.posture.services.goals import set_due_days, set_targets
from apps.posture.services.rechecks import recheck_subject
from tests.cast import Cast
from tests.factories import make_factor, make_import, make_source
from tests.posture.conftest import run_now
from tests.posture.world import World, make_world

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
NO_CACHE = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def world(cast: Cast) -> World:
    """The small organisation, judged."""
    return make_world(cast)


def text(client: Client, path: str = "/posture", **data: Any) -> str:
    """The words of a page that must answer."""
    response = client.get(path, data)
    assert response.status_code == 200, response.status_code
    content = re.sub(r"(?s)<(script|nav|aside)\b.*?</\1>", " ", response.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", content))


def test_a_warm_page_asks_little(signed_in: SignIn, world: World, django_assert_max_num_queries: Any) -> None:
    """A cold one stays within its budget too; both say the same. What waits for one, named in the side bar, is one."""
    ciso = signed_in("ciso")
    with django_assert_max_num_queries(52):
        cold = text(ciso)
    with django_assert_max_num_queries(17):
        assert text(ciso) == cold


def test_without_a_cache_it_says_the_same(signed_in: SignIn, world: World) -> None:
    """The cache saves work; it is never needed."""
    warm = [text(signed_in("ciso")) for _ in range(2)]
    with override_settings(CACHES=NO_CACHE):
        assert [text(signed_in("ciso")) for _ in range(2)] == warm


def test_a_new_run_is_shown_at_once(signed_in: SignIn, world: World) -> None:
    """Also one about a single subject."""
    ciso, wanted = signed_in("ciso"), "of 3 people with AI access"
    assert f"1 {wanted}" in text(ciso)
    make_factor(world.stranger)
    run_now()
    assert f"2 {wanted}" in text(ciso)
    make_factor(world.identity)
    recheck_subject(actor=system("test"), check_id="ID-01", subject_id=world.identity.pk)
    assert f"3 {wanted}" in text(ciso)


def test_a_changed_target_is_shown_at_once(cast: Cast, signed_in: SignIn, world: World) -> None:
    ciso = signed_in("ciso")
    assert "80 % target" in text(ciso)
    set_targets(actor=cast.actor("security_admin"), percents={"": 91})
    assert "91 % target" in text(ciso)
    assert "80 % target" not in text(ciso)


def test_changed_due_days_are_shown_at_once(cast: Cast, signed_in: SignIn, world: World) -> None:
    ciso = signed_in("ciso")
    assert "7 days" in text(ciso)
    set_due_days(actor=cast.actor("security_admin"), days={"critical": 3})
    assert "3 days" in text(ciso)


def test_sources_and_runs_at_work_are_those_of_the_moment(signed_in: SignIn, world: World) -> None:
    ciso = signed_in("ciso")
    assert " 1 source " in text(ciso)
    make_source(name="never read", observed_at=None)
    assert " 1 source " in text(ciso), "an import that was never applied makes no source"
    make_source(name="old feed", observed_at=clock.now() - timedelta(days=8))
    assert "1 of 2 sources is stale: old feed" in text(ciso)


def test_new_snapshots_are_shown_at_once(signed_in: SignIn, world: World) -> None:
    """The change of a metric needs two days of snapshots within the period."""
    ciso = signed_in("ciso")
    text(ciso)
    take_due_snapshots()
    with clock.shifted(timedelta(days=8)):
        make_factor(world.stranger)
        run_now()
        before = text(ciso)
        take_due_snapshots()
        assert text(ciso) != before


def test_days_late_count_on_without_any_change(signed_in: SignIn, world: World) -> None:
    ciso = signed_in("ciso")
    assert "in 7 days" in text(ciso)
    with clock.shifted(timedelta(days=9)):
        assert "2 days late" in text(ciso)


def test_a_decision_is_gone_once_it_is_taken(cast: Cast, signed_in: SignIn, world: World) -> None:
    """What waits for a person is read at each request."""
    ciso, wanted = signed_in("ciso"), "Name an owner for"
    with clock.shifted(timedelta(days=9)):
        assert wanted in text(ciso)
        admin = cast.actor("security_admin")
        for finding in Finding.objects.filter(severity="critical", owner__isnull=True):
            assign_owner(actor=admin, number=finding.pk, person_id=world.identity.person_id)
        assert wanted not in text(ciso)


@pytest.mark.parametrize("first", ["ciso", "security_admin"])
def test_what_waits_for_one_is_not_shown_to_another(signed_in: SignIn, world: World, first: str) -> None:
    """An import waits for the security administrator; whoever asks first, the CISO is never told."""
    make_import(world.source, state="previewed")
    text(signed_in(first))
    assert "Apply the import of entra" in text(signed_in("security_admin"))
    assert "Apply the import of entra" not in text(signed_in("ciso"))


def test_kept_parts_name_nobody_who_signs_in(cast: Cast, signed_in: SignIn, world: World) -> None:
    """Shell and account menu are the asker's own."""
    first = signed_in("ciso").get("/posture").content.decode()
    second = signed_in("auditor").get("/posture").content.decode()
    assert cast.users["ciso"].email in first or cast.users["ciso"].name in first
    assert cast.users["ciso"].email not in second and cast.users["ciso"].name not in second


def test_a_warm_page_is_refused_as_a_cold_one(cast: Cast, signed_in: SignIn, world: World) -> None:
    """Rights are judged at each request, also for someone who just lost the role."""
    ciso = signed_in("ciso")
    text(ciso)
    for name in ("manager", "owner", "engineer", "outsider"):
        assert signed_in(name).get("/posture").status_code == 403, name
    assert Client().get("/posture").status_code == 302
    cast.users["ciso"].groups.clear()
    assert ciso.get("/posture").status_code == 403


def test_nothing_is_left_of_a_removed_sample(cast: Cast, signed_in: SignIn, world: World) -> None:
    Source.objects.all().update(is_sample=True)
    ciso = signed_in("ciso")
    assert "credit-risk-scorer" in text(ciso)
    remove_sample(actor=cast.actor("security_admin"))
    assert "Nothing evaluated yet" in text(ciso)
    assert not FurthestAsset.objects.exists()


def test_the_past_shows_the_assets_of_then(signed_in: SignIn, world: World) -> None:
    """What was furthest from proven after the run of that day, not after the last one."""
    day = world.run.as_of.date().isoformat()
    with clock.shifted(timedelta(days=8)):
        world.model.tier = 2
        world.model.save()
        run_now()
        assert "No asset is tier 1" in text(signed_in("ciso"))
        then = text(signed_in("ciso"), as_of=day)
        assert "1 of 1 tier-1 assets" in then and "credit-risk-scorer" in then


def test_a_period_is_a_page_of_its_own(signed_in: SignIn, world: World) -> None:
    ciso = signed_in("ciso")
    assert "90 days" in text(ciso)
    assert "12 months" in text(ciso, period="12m")
    assert ciso.get("/posture", {"period": "1y"}).status_code == 400


def test_the_system_is_no_reader_of_a_part(cast: Cast, world: World) -> None:
    """Who does not see everything is refused what is kept for those who do."""
    assert furthest_after(system("test"), world.run)[1] == 1
    with pytest.raises(Forbidden):
        furthest_after(cast.actor("engineer"), world.run)
