"""The pages of exceptions: without scripts, for who may, with hostile names as text."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.core import clock
from apps.governance.models import RiskException
from apps.governance.services.ending import end_due
from apps.inventory.models import Identity
from apps.notices.models import Notice
from apps.posture.models import Result
from apps.posture.services.taking_up import take_up_exceptions
from tests.governance.accepting import World
from tests.posture.world import HOSTILE

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]


@pytest.fixture
def fresh(signed_in: SignIn) -> SignIn:
    """Sign in with a second factor proven this moment."""

    def sign_in(name: str) -> Client:
        client = signed_in(name)
        session = client.session
        at = clock.now().timestamp()
        session["account_authentication_methods"] = [
            {**method, "at": at} for method in session["account_authentication_methods"]
        ]
        session.save()
        return client

    return sign_in


def test_from_the_finding_to_accepted_without_a_script(world: World, fresh: SignIn) -> None:
    owner, finding = fresh("owner"), world.finding()
    page = owner.get(f"/findings/F-{finding.pk}").content.decode()
    link = f"/exceptions/new?finding=F-{finding.pk}"
    assert link in page
    form = owner.get(link)
    assert form.status_code == 200 and "Dana Whitlock" in form.content.decode()
    sent = {"reason": "Replaced next month", "compensating": world.option(), "ends_on": world.day(20).isoformat()}
    assert owner.post(link, {**sent, "ends_on": ""}).status_code == 400
    assert owner.post(link, {**sent, "ends_on": world.day(200).isoformat()}).status_code == 400
    made = owner.post(link, sent)
    assert made.status_code == 302 and made["Location"] == "/exceptions/EX-1"
    for name in ("manager", "ciso"):
        client = fresh(name)
        listed = client.get("/exceptions").content.decode()
        assert "EX-1" in listed and "Mine to sign" in listed
        assert client.post("/exceptions/EX-1", {"do": "sign", "reason": "Seen"}).status_code == 302
    assert RiskException.objects.get().state == "active"
    take_up_exceptions()
    page = owner.get(f"/findings/F-{finding.pk}").content.decode()
    assert "Accepted until" in page and "/exceptions/EX-1" in page and "Ask for an exception" not in page
    assert "Accepted risk" in owner.get("/posture/results?outcome=accepted").content.decode()


def test_only_who_may_is_offered_to_ask(world: World, fresh: SignIn) -> None:
    finding = world.finding()
    for name in ("ciso", "security_admin", "auditor"):
        assert "Ask for an exception" not in fresh(name).get(f"/findings/F-{finding.pk}").content.decode()
        page = fresh(name).get(f"/exceptions/new?finding=F-{finding.pk}")
        assert page.status_code == 200 and "<textarea" not in page.content.decode()
        assert fresh(name).post(f"/exceptions/new?finding=F-{finding.pk}", {}).status_code == 403
    assert fresh("outsider").get(f"/exceptions/new?finding=F-{finding.pk}").status_code == 404
    assert fresh("owner").get("/exceptions/new").status_code == 404


def test_hidden_and_absent_are_the_same(world: World, fresh: SignIn) -> None:
    world.ask()
    for name in ("engineer", "outsider"):
        assert fresh(name).get("/exceptions/EX-1").status_code == 404
        assert fresh(name).post("/exceptions/EX-1", {"do": "sign"}).status_code == 404
        assert "EX-1" not in fresh(name).get("/exceptions?view=waiting").content.decode()
    assert fresh("ciso").get("/exceptions/EX-99").status_code == 404


def test_who_signs_sees_the_button_and_others_the_reason(world: World, fresh: SignIn, signed_in: SignIn) -> None:
    world.ask()
    assert 'value="sign"' in fresh("ciso").get("/exceptions/EX-1").content.decode()
    stale = signed_in("ciso").get("/exceptions/EX-1").content.decode()
    assert 'value="sign"' not in stale and "must be proven within 5 minutes" in stale
    for name, reason in (
        ("owner", "You asked for it"),
        ("security_admin", "edit the rules"),
        ("auditor", "CISO signs"),
    ):
        page = fresh(name).get("/exceptions/EX-1").content.decode()
        assert 'value="sign"' not in page and reason in page
        assert fresh(name).post("/exceptions/EX-1", {"do": "sign"}).status_code == 403


def test_the_auditor_reaches_result_votes_and_log(world: World, fresh: SignIn) -> None:
    row = world.active()
    auditor = fresh("auditor")
    page = auditor.get("/exceptions/EX-1").content.decode()
    assert "Kofi Mensah" in page and "Dana Whitlock" in page and f"/findings/F-{world.finding().pk}" in page
    log = auditor.get(f"/audit?subject={row.pk}").content.decode()
    assert log.count("Exception signed") >= 2 and "Exception asked for" in log


def test_hostile_names_are_text(world: World, fresh: SignIn) -> None:
    Identity.objects.filter(pk=world.subject.pk).update(name=HOSTILE)
    Result.objects.filter(subject_id=world.subject.pk).update(subject_label=HOSTILE)
    type(world.finding()).objects.filter(pk=world.finding().pk).update(subject_label=HOSTILE)
    world.ask(reason=HOSTILE)
    client = fresh("ciso")
    for path in ("/exceptions", "/exceptions/EX-1", f"/exceptions/new?finding=F-{world.finding().pk}"):
        page = client.get(path).content.decode()
        assert "<img src=x" not in page and "\u202e" not in page, path
    csv = b"".join(client.get("/exceptions.csv?view=waiting").streaming_content).decode()
    assert "EX-1" in csv


def test_the_limits_show_their_effect_before_they_are_saved(world: World, fresh: SignIn) -> None:
    world.ask(ends_on=world.day(80))
    days = {"critical": 30, "high": 60, "medium": 180, "low": 365}
    admin = fresh("security_admin")
    page = admin.post("/exceptions/limits", days).content.decode()
    assert "High: 90 → 60 days; 1 open exception of that severity lasts longer" in page
    assert fresh("ciso").post("/exceptions/limits", {**days, "save": "yes"}).status_code == 403
    assert admin.post("/exceptions/limits", {**days, "save": "yes"}).status_code == 302
    assert "60 days for high" in fresh("ciso").get("/exceptions").content.decode()
    assert fresh("owner").get("/exceptions/limits").status_code == 403


def test_each_fact_is_told_once_to_who_it_concerns(world: World) -> None:
    def told(kind: str) -> list[str]:
        rows = Notice.objects.filter(kind=kind).order_by("user__name")
        return list(rows.values_list("user__name", flat=True))

    row = world.ask(ends_on=world.day(20))
    assert told("governance.exception.waiting") == ["Dana Whitlock", "Kofi Mensah"]
    world.sign("ciso", world.sign("manager", row))
    assert told("governance.exception.decided") == ["Priya Raman"]
    three = ["Dana Whitlock", "Kofi Mensah", "Priya Raman"]
    for days, times in ((5, 0), (6, 1), (7, 1), (16, 1), (17, 2), (19, 2)):
        with clock.shifted(world.day(days) - world.day(0)):
            end_due()
            assert told("governance.exception.ends_soon") == sorted(three * times), days
    with clock.shifted(world.day(21) - world.day(0)):
        end_due()
        end_due()
    assert told("governance.exception.ended") == three


@pytest.mark.parametrize("name", ["ciso", "manager", "security_admin", "auditor", "owner"])
def test_the_menu_shows_exceptions_to_who_oversees_them(world: World, fresh: SignIn, name: str, **_: Any) -> None:
    page = fresh(name).get("/findings").content.decode()
    assert ('href="/exceptions"' in page) is (name != "owner")


def test_the_list_asks_the_same_for_many_as_for_few(
    world: World, fresh: SignIn, django_assert_max_num_queries: Any
) -> None:
    row = world.active()
    client = fresh("ciso")
    client.get("/exceptions?view=active")
    for number in range(2, 60):
        fields = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name != "id"}
        RiskException.objects.create(**{**fields, "number": number, "key": str(number + 900), "state": "active"})
    with django_assert_max_num_queries(26):
        page = client.get("/exceptions?view=active").content.decode()
    assert page.count("EX-") >= 50
