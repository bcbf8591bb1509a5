"""What the notices app tells core at start-up."""

from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from prometheus_client import Gauge

from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.jobs import RECONCILERS
from apps.core.measured import measured
from apps.core.navigation import ENTRIES, Entry
from apps.core.subjects import SUBJECTS, SubjectKind
from apps.core.web.context import COUNTS
from apps.notices.models import Channel, Delivery, Notice
from apps.notices.queries import outbox, unread
from apps.notices.rules import can_see_setup
from apps.notices.services import forget, send_due

AGE = Gauge("ztportal_outbox_age_seconds", "Age of the oldest message that is due")
WAITING = Gauge("ztportal_outbox_waiting", "Messages owed and not sent yet")
DEAD = Gauge("ztportal_outbox_dead", "Messages given up and not sent again")


def unread_notices(actor: Actor, now: datetime) -> QuerySet[Notice]:
    """Return the notices the person has not read, of which the bell shows the number."""
    return unread(actor)


def send_step() -> int:
    """Send what is due; return how many messages were dealt with."""
    return send_due(actor=system("reconciler"))


def forget_step() -> int:
    """Remove what is older than it is kept; return how many rows."""
    return int(forget(actor=system("reconciler"), now=clock.now()).value)


def register() -> None:
    """Make all registrations; a name taken by another stops the start."""
    COUNTS.register("unread_notices", unread_notices)
    RECONCILERS.register("notices.send_due", send_step)
    RECONCILERS.register("notices.forget", forget_step)
    AGE.set_function(measured(lambda: outbox().age(clock.now()).total_seconds()))
    WAITING.set_function(measured(lambda: outbox().waiting))
    DEAD.set_function(measured(lambda: outbox().dead))
    ENTRIES.register(
        "notices_setup",
        Entry(
            name="notices_setup",
            label="Channels",
            url_name="notices:setup",
            icon="bell",
            group="Setup",
            order=70,
            shown_to=lambda actor: bool(can_see_setup(actor)),
        ),
    )
    for kind, title, plural, model in (
        ("notice_channel", "Notice channel", "Notice channels", Channel),
        ("notice_delivery", "Message", "Messages", Delivery),
    ):
        visible, label = model.objects.visible_to, "name" if model is Channel else "title"
        SUBJECTS.register(
            kind,
            SubjectKind(kind, title, plural, visible, lambda pk: reverse("notices:setup"), label),
        )
