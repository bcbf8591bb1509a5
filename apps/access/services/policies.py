"""Changing the policies: one administrator proposes with the effect shown, another confirms."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from apps.access import events
from apps.access.models import Policy, PolicyChange, PolicyVersion
from apps.access.policies.language import Texts, digest_of, parse
from apps.access.policies.replay import Effect, replay
from apps.access.policies.validation import Problem, problems_of
from apps.access.policies.versions import InForce, load
from apps.access.queries.people import who_are
from apps.access.queries.policies import differences, open_change
from apps.access.rules.policies import (
    can_confirm_policies,
    can_propose_policies,
    can_refuse_policies,
    can_withdraw_policies,
)
from apps.access.services.changing import decided, move, require_newest
from apps.access.states import PolicyChangeState
from apps.accounts.models import User
from apps.accounts.queries import roles_of
from apps.core import clock
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject

NOTE_LIMIT = 500


class NotCedar(Invalid):
    """Texts that cannot become a version; `problems` name policy and line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems[:5]))
        self.problems = problems


def preview(texts: Texts, based_on: PolicyVersion, now: datetime) -> Effect:
    """Return what a set would have changed in the last 90 days. Raises NotCedar. Twelve queries.

    A read: it holds no lock, however many requests it replays.
    """
    problems = problems_of(texts)
    if problems:
        raise NotCedar(problems)
    return replay(before=load(based_on), after=InForce(based_on.number + 1, parse(texts)), now=now)


def propose(*, actor: Actor, texts: Texts, note: str, based_on: PolicyVersion, now: datetime | None = None) -> Changed:
    """Propose a new set; its effect is computed before it is saved, outside the transaction that saves it.

    Raises Forbidden, NotCedar, Invalid without a note or a difference, Conflict when the policies changed meanwhile or
    another change waits.
    """
    now = now or clock.now()
    if not can_propose_policies(actor, open_change()):
        effect: dict[str, Any] = {}  # the command refuses, and records that it did
    else:
        effect = preview(texts, based_on, now).as_dict()
    return _save(actor=actor, now=now, texts=texts, note=note, based_on=based_on, effect=effect)


@command(events.POLICY_PROPOSED)
def _save(
    *, actor: Actor, now: datetime, texts: Texts, note: str, based_on: PolicyVersion, effect: dict[str, Any]
) -> Changed:
    can_propose_policies(actor, open_change()).require()
    proposer = User.objects.get(pk=actor.user_id)
    note = note.strip()
    if not note or len(note) > NOTE_LIMIT:
        raise Invalid(f"Say in at most {NOTE_LIMIT} characters why.", note="Say why the policies change.")
    if not differences(based_on.texts, texts):
        raise Invalid("Nothing differs from the policies in force.")
    require_newest(based_on, "policies")
    try:
        with transaction.atomic():
            change = PolicyChange.objects.create(
                based_on=based_on,
                texts=dict(texts),
                note=note,
                effect=effect,
                proposed_by=proposer,
                proposed_at=now,
            )
    except IntegrityError:
        raise Conflict("Another change waits for its confirmation.") from None
    return Changed(_subject(change), _details(change), value=change, after=PolicyChangeState.PROPOSED)


@command(events.POLICY_CONFIRMED)
def confirm(*, actor: Actor, change: PolicyChange, now: datetime) -> Changed:
    """Bring a change into force as the next version; what was decided before stays as it was.

    Raises Forbidden for its proposer and for the same person, Conflict when it was decided or overtaken.
    """
    ids = {pk for pk in (actor.user_id, change.proposed_by_id) if pk}
    people = who_are(ids)
    roles = roles_of(change.proposed_by_id)
    mine = people.get(actor.user_id) if actor.user_id else None
    can_confirm_policies(actor, change, mine, people.get(change.proposed_by_id), roles).require()
    # The state is moved first: of two confirmations at once the second waits here, and then finds it decided.
    move(change, PolicyChangeState.CONFIRMED, actor, now)
    require_newest(change.based_on, "policies")
    texts = change.texts
    version = PolicyVersion.objects.create(
        number=change.based_on_id + 1,
        texts=texts,
        digest=digest_of(texts),
        note=change.note,
        in_force_at=now,
        proposed_by_id=change.proposed_by_id,
        confirmed_by_id=actor.user_id,
    )
    Policy.objects.bulk_create((Policy(slug=slug, created_at=now) for slug in texts), ignore_conflicts=True)
    details = {**_details(change), "version": version.number, "digest": version.digest}
    details["proposed_by"] = str(change.proposed_by_id)
    return decided(_subject(change), details, PolicyChangeState.CONFIRMED, version)


@command(events.POLICY_REFUSED)
def refuse(*, actor: Actor, change: PolicyChange, now: datetime) -> Changed:
    """Refuse another administrator's change. Raises Forbidden, Conflict when it was decided meanwhile."""
    can_refuse_policies(actor, change).require()
    move(change, PolicyChangeState.REFUSED, actor, now)
    return decided(_subject(change), {"note": change.note}, PolicyChangeState.REFUSED, change)


@command(events.POLICY_WITHDRAWN)
def withdraw(*, actor: Actor, change: PolicyChange, now: datetime) -> Changed:
    """Take back one's own change. Raises Forbidden, Conflict when it was decided meanwhile."""
    can_withdraw_policies(actor, change).require()
    move(change, PolicyChangeState.WITHDRAWN, actor, now)
    return decided(_subject(change), {"note": change.note}, PolicyChangeState.WITHDRAWN, change)


def _subject(change: PolicyChange) -> Subject:
    return Subject("policy_change", str(change.pk), f"Policies: {change.note[:60]}")


def _details(change: PolicyChange) -> dict[str, object]:
    kinds: dict[str, list[str]] = {"added": [], "removed": [], "edited": []}
    for difference in differences(change.based_on.texts, change.texts):
        kinds[difference.kind].append(difference.slug)
    sides = {name: change.effect[name]["count"] for name in ("newly_refused", "newly_allowed")}
    return {"based_on": change.based_on_id, "note": change.note, **kinds, **sides}
