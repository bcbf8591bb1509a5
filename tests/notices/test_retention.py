"""What was dealt with is kept for 90 days; what nobody dealt with stays."""

from datetime import timedelta

from apps.core import clock
from apps.core.jobs import RECONCILERS
from apps.core.reconcile import run_once
from apps.notices.models import Delivery, Notice
from apps.notices.services import forget
from tests.cast import Cast
from tests.notices.kinds import SYSTEM, tell
from tests.notices.rows import make_dead, make_notice


def test_read_notices_go_after_ninety_days_and_unread_ones_stay(cast: Cast) -> None:
    now, user = clock.now(), cast.users["manager"]
    for days, read in ((100, 91), (100, 89), (100, None), (10, 9)):
        told = now - timedelta(days=days)
        make_notice(
            user, once_key=f"{days}-{read}", created_at=told, read_at=now - timedelta(days=read) if read else None
        )
    make_dead(user, created_at=now - timedelta(days=200), ended_at=now - timedelta(days=199))
    make_dead(user, once_key="sent", state="sent", ended_at=now - timedelta(days=91))
    make_dead(user, once_key="fresh", state="sent", ended_at=now - timedelta(days=1))
    assert forget(actor=SYSTEM, now=now).value == 2
    assert set(Notice.objects.values_list("once_key", flat=True)) == {"100-89", "100-None", "10-9"}
    assert set(Delivery.objects.values_list("once_key", flat=True)) == {"key", "fresh"}
    assert forget(actor=SYSTEM, now=now).value == 0


def test_the_reconciler_sends_and_forgets(cast: Cast) -> None:
    assert {"notices.send_due", "notices.forget"} <= set(RECONCILERS.names())
    tell([cast.users["manager"]], cast.users["engineer"])
    make_notice(
        cast.users["ciso"], created_at=clock.now() - timedelta(days=99), read_at=clock.now() - timedelta(days=98)
    )
    assert run_once() >= 2
    assert Delivery.objects.get().state == "sent"
    assert not Notice.objects.filter(user=cast.users["ciso"]).exists()
