"""Owing: with the change or not at all, once per fact and person, to those who may be told."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from apps.accounts.models import User
from apps.core.notices import NoticeKind, Templates, body_lines, register_kind
from apps.notices.models import Delivery, Notice, Preference
from apps.notices.services import owe
from tests.cast import Cast
from tests.notices.kinds import ASKED, GRANTED, QUIET, SYSTEM, about, happen, tell


def test_a_fact_is_told_once_however_often_it_is_owed(cast: Cast) -> None:
    manager, ciso = cast.users["manager"], cast.users["ciso"]
    for _ in range(3):
        tell([manager], cast.users["engineer"])
    tell([manager, ciso], cast.users["engineer"])
    tell([manager], cast.users["engineer"], once_key="fact-2")
    assert Notice.objects.filter(user=manager).count() == Delivery.objects.filter(user=manager).count() == 2
    assert Notice.objects.filter(user=ciso).count() == Delivery.objects.filter(user=ciso).count() == 1


def test_a_change_that_fails_owes_nothing(cast: Cast) -> None:
    with pytest.raises(RuntimeError):
        happen(
            actor=SYSTEM, kind=ASKED.key, to=[cast.users["manager"].pk], about=about(cast.users["engineer"]),
            facts={"who": "x", "what": "y", "hours": 1}, key="k", fail=True,
        )  # fmt: skip
    assert not Notice.objects.exists() and not Delivery.objects.exists()


def test_only_active_people_are_addressed_and_sample_people_get_no_mail(cast: Cast) -> None:
    User.objects.filter(pk=cast.users["manager"].pk).update(is_active=False)
    User.objects.filter(pk=cast.users["owner"].pk).update(is_sample=True)
    tell([cast.users[name] for name in ("manager", "service", "owner", "ciso")], cast.users["engineer"])
    assert set(Notice.objects.values_list("user__name", flat=True)) == {"Priya Raman", "Dana Whitlock"}
    assert set(Delivery.objects.values_list("user__name", flat=True)) == {"Dana Whitlock"}


def test_who_wants_no_mail_gets_none_but_sees_it_here(cast: Cast) -> None:
    ciso, engineer = cast.users["ciso"], cast.users["engineer"]
    for kind in (ASKED, GRANTED):
        Preference.objects.create(user=ciso, kind=kind.key, by_mail=False)
    for kind in (ASKED, GRANTED, QUIET):
        tell([ciso], engineer, kind=kind)
    assert Notice.objects.filter(user=ciso).count() == 3
    assert set(Delivery.objects.values_list("kind", flat=True)) == {GRANTED.key}, "own grants cannot be switched off"
    Preference.objects.create(user=ciso, kind=QUIET.key, by_mail=True)
    tell([ciso], engineer, kind=QUIET, once_key="fact-2")
    assert Delivery.objects.filter(kind=QUIET.key).count() == 1


def test_without_a_mail_server_production_owes_no_mail(cast: Cast) -> None:
    with override_settings(ZTPORTAL_MAIL=False):
        tell([cast.users["ciso"]], cast.users["engineer"])
    assert Notice.objects.count() == 1 and not Delivery.objects.exists()


@pytest.mark.parametrize(
    "url", ["//evil.example", "/\\evil", "https://evil.example", "", "x", "/a b", "/a\r\nb", "/" * 2]
)
def test_a_link_leads_to_this_portal_only(cast: Cast, url: str) -> None:

    with pytest.raises(ValueError, match="path of this portal"):
        owe(
            actor=SYSTEM, kind=GRANTED.key, to_user_ids=[cast.users["ciso"].pk], subject=about(cast.users["ciso"]),
            facts={"what": "x"}, url=url, once_key="k",
        )  # fmt: skip
    assert not Notice.objects.exists()


def test_a_missing_fact_or_an_unknown_kind_is_the_callers_mistake(cast: Cast) -> None:
    with pytest.raises(LookupError):
        tell([cast.users["ciso"]], cast.users["engineer"], kind=NoticeKind("test.none", "None", Templates("x")))
    with pytest.raises(LookupError):
        happen(actor=SYSTEM, kind=ASKED.key, to=[], about=about(cast.users["ciso"]), facts={"who": "x"}, key="k")


def test_lines_without_facts_are_left_out_and_lists_stand_once_per_item() -> None:
    assert body_lines(ASKED, {"why": "", "signals": ["2 findings", "no second factor"]}) == [
        "Look at: 2 findings",
        "Look at: no second factor",
    ]
    assert body_lines(ASKED, {"why": "retrain"}) == ["Reason: retrain"]


@pytest.mark.parametrize("text", ["{who.__class__}", "{0}", "{who!r}", "{who:>10}", "{}"])
def test_templates_name_facts_and_nothing_else(text: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        register_kind(NoticeKind("test.bad", "Bad", Templates(text)))
