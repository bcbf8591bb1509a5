"""The outbox: leases, tries, waiting times, dead letters and replay."""

from datetime import UTC, datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from apps.accounts.models import User
from apps.accounts.services import deactivate_user
from apps.audit.models import Entry
from apps.core import clock
from apps.core.errors import Conflict, Forbidden
from apps.core.notices import SEEN
from apps.notices.models import Delivery, Preference
from apps.notices.queries import outbox
from apps.notices.services import replay, send_due
from apps.notices.services import sending as module
from apps.notices.services.media import seconds_asked
from tests.cast import Cast
from tests.notices.kinds import ASKED, GRANTED, SYSTEM, tell

HOUR = timedelta(hours=1)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the mail server fail with what is put into the list, for ever while it holds something."""
    problems: list[BaseException] = []
    real = EmailBackend.send_messages

    def send(self: EmailBackend, messages: Any) -> int:
        if problems:
            raise problems[0]
        return int(real(self, messages))

    monkeypatch.setattr(EmailBackend, "send_messages", send)
    return problems


def test_a_sender_that_dies_leaves_a_lease_and_the_next_sends_with_the_same_key(cast: Cast, broken: Any) -> None:
    class Killed(BaseException):
        """What no code catches."""

    tell([cast.users["manager"]], cast.users["engineer"])
    broken.append(Killed())
    with pytest.raises(Killed):
        send_due(actor=SYSTEM)
    row = Delivery.objects.get()
    assert row.state == "waiting" and row.attempts == 1 and row.claimed_until is not None
    broken.clear()
    assert send_due(actor=SYSTEM) == 0, "the lease holds"
    with clock.shifted(module.LEASE + timedelta(seconds=1)):
        assert send_due(actor=SYSTEM) == 1
    row.refresh_from_db()
    assert row.state == "sent" and row.attempts == 2 and row.claimed_until is None
    assert mail.outbox[0].extra_headers["Message-ID"].startswith(f"<{row.pk}@")


def test_a_sender_whose_lease_ran_out_does_not_end_the_row_of_another(cast: Cast) -> None:
    tell([cast.users["manager"]], cast.users["engineer"])
    late = module._claim(Delivery.objects.get().pk, clock.now())
    assert late is not None
    with clock.shifted(module.LEASE + timedelta(seconds=1)):
        current = module._claim(late.pk, clock.now())
    assert current is not None and current.attempts == 2
    with pytest.raises(Conflict):
        module._end(late, "sent")  # type: ignore[arg-type]
    module.give_up(actor=SYSTEM, delivery=late, problem="late")
    assert Delivery.objects.get().state == "waiting"


def test_a_failure_waits_with_jitter_and_ends_as_a_dead_letter_after_a_day(cast: Cast, broken: Any) -> None:
    tell([cast.users["manager"]], cast.users["engineer"])
    broken.append(SMTPServerDisconnected("gone"))
    begun = clock.now()
    assert send_due(actor=SYSTEM) == 1
    row = Delivery.objects.get()
    assert row.state == "waiting" and "SMTPServerDisconnected" in row.problem
    assert row.due_at <= begun + timedelta(seconds=20) and row.claimed_until is None
    with clock.shifted(23 * HOUR):
        send_due(actor=SYSTEM)
        assert Delivery.objects.get().state == "waiting"
    with clock.shifted(24 * HOUR + timedelta(seconds=1)):
        send_due(actor=SYSTEM)
    row.refresh_from_db()
    assert row.state == "dead" and row.attempts == 3 and outbox().dead == 1
    assert Entry.objects.filter(action="notices.delivery.died").count() == 1


def test_waiting_times_are_full_jitter_up_to_five_minutes_and_heed_the_other_side() -> None:
    for attempts, ceiling in ((1, 5), (2, 10), (4, 40), (7, 300), (40, 300)):
        drawn = [module.wait(attempts) for _ in range(400)]
        assert min(drawn) >= 0 and max(drawn) <= ceiling and max(drawn) > ceiling * 0.8 and min(drawn) < ceiling * 0.2
    assert module.wait(1, asked=900.0) == 900.0


def test_retry_after_is_seconds_or_a_date_and_never_more_than_an_hour() -> None:
    now = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
    assert seconds_asked("120", now) == 120
    assert seconds_asked("Fri, 20 Nov 2026 06:02:00 GMT", now) == 120
    assert seconds_asked("999999", now) == seconds_asked("Fri, 20 Nov 2036 06:02:00 GMT", now) == 3600
    assert [seconds_asked(text, now) for text in (None, "", "soon", "-5", "1e9", "Fri, 20 Nov 2020 06:02:00 GMT")] == [
        0
    ] * 6


def test_a_refused_recipient_is_given_up_at_once_and_sent_again_by_an_admin_only(cast: Cast, broken: Any) -> None:
    tell([cast.users["manager"]], cast.users["engineer"])
    broken.append(SMTPRecipientsRefused({"manager@fenwick.example": (550, b"no such user")}))
    send_due(actor=SYSTEM)
    row = Delivery.objects.get()
    assert row.state == "dead" and row.attempts == 1
    for name in ("auditor", "ciso", "manager", "engineer"):
        with pytest.raises(Forbidden):
            replay(actor=cast.actor(name), delivery=row)
    broken.clear()
    replay(actor=cast.actor("security_admin"), delivery=row)
    with pytest.raises(Conflict):
        replay(actor=cast.actor("security_admin"), delivery=row)
    assert send_due(actor=SYSTEM) == 1
    row.refresh_from_db()
    assert row.state == "sent" and len(mail.outbox) == 1


def test_one_message_that_breaks_the_code_stops_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    tell([cast.users["manager"], cast.users["ciso"]], cast.users["engineer"])
    real = module.mail.send

    def send(delivery: Delivery) -> None:
        if delivery.user_id == cast.users["manager"].pk:
            raise ZeroDivisionError
        real(delivery)

    monkeypatch.setattr(module.mail, "send", send)
    assert send_due(actor=SYSTEM) == 2
    assert set(Delivery.objects.values_list("user__name", "state")) == {
        ("Kofi Mensah", "waiting"),
        ("Dana Whitlock", "sent"),
    }


def test_who_no_longer_sees_the_subject_gets_nothing(cast: Cast) -> None:
    tell([cast.users["manager"]], cast.users["engineer"])
    tell([cast.users["outsider"]], cast.users["engineer"], once_key="never-visible")
    cast.users["manager"].memberships.all().delete()
    send_due(actor=SYSTEM)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"dropped"} and mail.outbox == []


def test_a_registered_predicate_decides_instead(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SEEN._entries, "user", lambda actor, key: actor.user_id == cast.users["outsider"].pk)
    tell([cast.users["outsider"], cast.users["manager"]], cast.users["engineer"])
    send_due(actor=SYSTEM)
    assert [message.to for message in mail.outbox] == [["outsider@fenwick.example"]]


def test_who_was_deactivated_or_opted_out_meanwhile_gets_nothing(cast: Cast) -> None:
    people = [cast.users[name] for name in ("manager", "ciso", "auditor")]
    tell(people, cast.users["engineer"])
    tell(people, cast.users["engineer"], kind=GRANTED, once_key="granted")
    deactivate_user(actor=cast.actor("security_admin"), user=cast.users["manager"])
    Preference.objects.create(user=cast.users["ciso"], kind=ASKED.key, by_mail=False)
    send_due(actor=SYSTEM)
    told = sorted((message.to[0].split("@")[0], message.subject[:8]) for message in mail.outbox)
    assert told == [("auditor", "Approve?"), ("auditor", "You have"), ("ciso", "You have")]
    assert User.objects.get(pk=cast.users["manager"].pk).is_active is False


def test_the_age_of_the_outbox_is_that_of_the_oldest_due_message(cast: Cast) -> None:
    assert outbox().age(clock.now()) == timedelta()
    tell([cast.users["manager"]], cast.users["engineer"])
    assert outbox().waiting == 1
    assert 2 * HOUR <= outbox().age(clock.now() + 2 * HOUR) < 3 * HOUR
