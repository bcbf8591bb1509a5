"""The pages: one's own notices, the bell, what comes by mail, and the administrators' page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.core.actor import Strength
from apps.core.errors import Forbidden, Invalid
from apps.notices.models import Channel, Delivery, Notice, Preference
from apps.notices.services import change_channel, choose, remove_channel, send_due, try_channel
from tests.cast import Cast
from tests.notices.kinds import ASKED, GRANTED, QUIET, SYSTEM, tell
from tests.notices.rows import make_channel, make_dead, make_notice

SignIn = Callable[[str], Client]
HOSTILE = 'x\u202e"><script>alert(1)</script>'


def test_one_reads_ones_own_notices_and_nobody_elses(cast: Cast, signed_in: SignIn) -> None:
    tell([cast.users["manager"]], cast.users["engineer"], who=HOSTILE)
    manager, admin = signed_in("manager"), signed_in("security_admin")
    page = manager.get("/notices").content.decode()
    assert "Approve? x⟨U+202E⟩&quot;&gt;&lt;script&gt;" in page and "<script>alert" not in page
    assert 'aria-label="Notices, 1 unread"' in page
    notice = Notice.objects.get()
    assert "Approve?" not in admin.get("/notices").content.decode()
    assert admin.post(f"/notices/{notice.pk}/read").status_code == 404
    assert manager.get(f"/notices/{notice.pk}/read").status_code == 405
    assert manager.post(f"/notices/{notice.pk}/read").status_code == 302
    page = manager.get("/notices").content.decode()
    assert 'aria-label="Notices"' in page and "Mark read" not in page
    assert "Approve?" not in manager.get("/notices?show=unread").content.decode()


def test_everything_is_read_at_once_but_only_ones_own(cast: Cast, signed_in: SignIn) -> None:
    tell([cast.users["manager"], cast.users["ciso"]], cast.users["engineer"])
    tell([cast.users["manager"]], cast.users["engineer"], once_key="two")
    assert signed_in("manager").post("/notices/read").status_code == 302
    assert set(Notice.objects.unread().values_list("user__name", flat=True)) == {"Dana Whitlock"}


def test_what_one_no_longer_sees_is_not_told_again(cast: Cast, signed_in: SignIn) -> None:
    tell([cast.users["manager"]], cast.users["engineer"], who="Jonas Secret")
    cast.users["manager"].memberships.all().delete()
    page = signed_in("manager").get("/notices").content.decode()
    assert "Jonas Secret" not in page and "You no longer see what this was about" in page


def test_a_page_of_notices_asks_little(cast: Cast, signed_in: SignIn, django_assert_max_num_queries: Any) -> None:
    for number in range(60):
        make_notice(cast.users["manager"], once_key=str(number))
    client = signed_in("manager")
    client.get("/notices")
    with django_assert_max_num_queries(20):
        assert client.get("/notices").content.decode().count("Mark read") == 50


def test_a_person_chooses_what_comes_by_mail_except_their_own_access(cast: Cast, signed_in: SignIn) -> None:
    client = signed_in("engineer")
    page = client.get("/account/notices").content.decode()
    assert ASKED.title in page and "This always comes by mail." in page
    assert client.post("/account/notices", {QUIET.key: "on"}).status_code == 302
    chosen = dict(Preference.objects.filter(user=cast.users["engineer"]).values_list("kind", "by_mail"))
    assert chosen[ASKED.key] is False and chosen[QUIET.key] is True and GRANTED.key not in chosen
    assert not Preference.objects.exclude(user=cast.users["engineer"]).exists()


def test_the_command_refuses_what_the_form_never_sends(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        choose(actor=cast.actor("engineer"), by_mail={GRANTED.key: False})
    with pytest.raises(Forbidden):
        choose(actor=cast.actor("engineer", Strength.TOKEN), by_mail={ASKED.key: False})
    with pytest.raises(Forbidden):
        choose(actor=cast.actor("service"), by_mail={ASKED.key: False})
    with pytest.raises(Invalid):
        choose(actor=cast.actor("engineer"), by_mail={"no.kind": False})
    assert not Preference.objects.exists()


def test_admins_keep_channels_auditors_look_and_nobody_else_does(cast: Cast, signed_in: SignIn) -> None:
    channel, dead = make_channel(), make_dead(cast.users["engineer"], title="Secret of Jonas")
    admin, auditor = signed_in("security_admin"), signed_in("auditor")
    for client, may in ((admin, True), (auditor, False)):
        page = client.get("/setup/notices").content.decode()
        assert "discord.com" in page and "could not be reached" in page and "abcdefghijkl" not in page
        assert "Secret of Jonas" not in page, "the page shows no body of a message"
        assert ("Send again" in page) is ("Add a channel" in page) is may
    for name in ("ciso", "manager", "engineer", "outsider"):
        assert signed_in(name).get("/setup/notices").status_code == 403
    addresses = [f"/setup/notices/channels/{channel.pk}/{act}" for act in ("switch", "test", "remove")]
    for address in [*addresses, f"/setup/notices/messages/{dead.pk}/replay"]:
        assert auditor.post(address).status_code == 403
    assert Channel.objects.get().enabled and Delivery.objects.get().state == "dead"
    assert admin.post(f"/setup/notices/messages/{dead.pk}/replay").status_code == 302
    assert Delivery.objects.get().state == "waiting"
    assert admin.post(f"/setup/notices/messages/{dead.pk}/replay").status_code == 404
    assert admin.post(addresses[0], {"enabled": "off"}).status_code == 302
    assert not Channel.objects.get().enabled
    assert admin.post(addresses[1]).status_code == 403, "a channel that is off is not tested"
    assert admin.post(addresses[2]).status_code == 302
    assert Channel.objects.get().sealed == ""


def test_without_a_second_factor_no_channel_is_touched(cast: Cast) -> None:
    channel, weak = make_channel(), cast.actor("security_admin", Strength.PASSWORD)
    for act in (
        lambda: change_channel(actor=weak, channel=channel, kinds=[], enabled=False),
        lambda: remove_channel(actor=weak, channel=channel),
        lambda: try_channel(actor=weak, channel=channel),
    ):
        with pytest.raises(Forbidden):
            act()
    assert Entry.objects.filter(action__startswith="notices.channel", outcome="denied").count() == 3


def test_a_removed_channel_gets_nothing_that_it_was_owed(cast: Cast) -> None:
    channel, admin = make_channel(kinds=[ASKED.key]), cast.actor("security_admin")
    tell([], cast.users["engineer"])
    assert Delivery.objects.get().channel == channel
    remove_channel(actor=admin, channel=channel)
    assert Delivery.objects.get().state == "dropped" and send_due(actor=SYSTEM) == 0
    tell([], cast.users["engineer"], once_key="later")
    assert Delivery.objects.count() == 1
