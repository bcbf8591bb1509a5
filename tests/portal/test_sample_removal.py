"""Removing the sample: what it brought goes, what is one's own stays, and only a security administrator may."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.core.actor import Strength
from apps.core.errors import Conflict, Forbidden
from apps.insights.models import Snapshot
from apps.insights.services.snapshots import take_due_snapshots
from apps.inventory.models import Asset, Identity, Source
from apps.portal.services.removal import remove_sample
from apps.posture.models import Finding, Result, Run
from tests.cast import Cast
from tests.factories import make_identity, make_import, make_source
from tests.posture.world import make_world

SignIn = Callable[[str], Client]
pytestmark = pytest.mark.django_db


def as_sample(cast: Cast) -> None:
    """A judged world whose source is the sample's."""
    make_world(cast)
    Source.objects.all().update(is_sample=True)
    take_due_snapshots()


def test_everything_it_brought_goes_and_own_data_and_the_log_stay(cast: Cast) -> None:
    as_sample(cast)
    own = make_identity(source=make_source(name="our own"), name="kept")
    before = Entry.objects.count()
    remove_sample(actor=cast.actor("security_admin"))
    assert list(Source.objects.values_list("name", flat=True)) == ["our own"]
    assert list(Identity.objects.all()) == [own]
    assert not any(model.objects.exists() for model in (Asset, Run, Result, Finding, Snapshot))
    assert Entry.objects.count() > before
    assert Entry.objects.filter(action="portal.sample.removed").count() == 1


def test_a_second_time_changes_nothing(cast: Cast) -> None:
    as_sample(cast)
    remove_sample(actor=cast.actor("security_admin"))
    before = Entry.objects.count()
    remove_sample(actor=cast.actor("security_admin"))
    assert Entry.objects.count() == before


@pytest.mark.parametrize("name", ["ciso", "auditor", "manager", "engineer", "service"])
def test_nobody_else_may(cast: Cast, name: str) -> None:
    as_sample(cast)
    with pytest.raises(Forbidden):
        remove_sample(actor=cast.actor(name))
    assert Source.objects.filter(is_sample=True).exists()


def test_it_needs_a_second_factor(cast: Cast) -> None:
    as_sample(cast)
    with pytest.raises(Forbidden):
        remove_sample(actor=cast.actor("security_admin", Strength.PASSWORD))


def test_while_an_import_is_at_work_it_waits(cast: Cast) -> None:
    as_sample(cast)
    make_import(Source.objects.get(), state="staging")
    with pytest.raises(Conflict):
        remove_sample(actor=cast.actor("security_admin"))
    assert Run.objects.exists() and Snapshot.objects.exists()


def test_the_bar_with_its_button_is_on_every_page_and_then_gone(cast: Cast, signed_in: SignIn) -> None:
    as_sample(cast)
    admin, engineer = signed_in("security_admin"), signed_in("engineer")
    for path in ("/posture", "/findings", "/assets", "/setup", "/account"):
        page = admin.get(path).content.decode()
        assert 'class="samplebar"' in page and "Remove it" in page, path
    page = engineer.get("/assets").content.decode()
    assert 'class="samplebar"' in page and "Remove it" not in page
    assert admin.post("/setup/sample").headers["Location"] == "/setup"
    assert 'class="samplebar"' not in admin.get("/posture").content.decode()
