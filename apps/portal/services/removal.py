"""Removing the sample organisation in one step: what it brought, and every figure that counted it."""

from datetime import datetime
from uuid import UUID

from apps.access.queries.assets import assets_in_use
from apps.access.services.forgetting import forget_sample
from apps.accounts.models import User
from apps.accounts.services.sample import remove_sample_users
from apps.core.actor import Actor, system
from apps.core.command import Changed, Unchanged, command
from apps.core.events import Subject
from apps.governance.services.forgetting import forget_sample as forget_exceptions
from apps.insights.services.snapshots import forget_snapshots
from apps.integrity.models import TrustedKey
from apps.integrity.services.keys import retire_key
from apps.inventory.models import Source
from apps.inventory.services.sample import remove_sample_sources
from apps.notices.models import Delivery, Notice, Preference
from apps.portal import events, rules
from apps.posture.services.forgetting import forget_runs
from apps.reviews.services.forgetting import forget_sample as forget_reviews


@command(events.SAMPLE_REMOVED)
def remove_sample(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Remove sample sources, users and keys, and the runs and figures that judged them, in one transaction.

    Own sources, own users, what own users asked for and the audit log stay; the next run judges what is left. Raises
    Forbidden, and Conflict while an import or a run is at work, or a sample person may have access at a target.
    """
    rules.can_manage_sample(actor).require()
    if not Source.objects.filter(is_sample=True).exists():
        return Unchanged()
    portal = system("sample removal", request_id=actor.request_id)
    runs = forget_runs(actor=portal, now=now).value
    forget_snapshots(actor=portal, now=now)
    exceptions = forget_exceptions(actor=portal, now=now).value
    reviews = forget_reviews(actor=portal, now=now).value
    for key in TrustedKey.objects.filter(is_sample=True, retired_at__isnull=True):
        retire_key(actor=portal, now=now, key=key)
    access = forget_sample(actor=portal, now=now).value
    _forget_notices(actor.user_id)
    counts = remove_sample_sources(actor=portal, now=now, keep=assets_in_use()).value
    users = remove_sample_users(actor=actor, now=now).value
    details: dict[str, object] = {**counts, **access, "runs": runs, "exceptions": exceptions, "users": len(users)}
    details["reviews"] = reviews
    return Changed(Subject("sample", "organisation", "Fenwick Mutual"), details)


def _forget_notices(but: UUID | None) -> None:
    """Notices keep their reader from being deleted; the acting administrator stays, with theirs."""
    readers = User.objects.filter(is_sample=True).exclude(pk=but)
    for told in (Notice, Delivery, Preference):
        told.objects.filter(user__in=readers).delete()
