"""Playing the sample's access: each request, vote, release and emergency by its own service, at its own moment.

Every person acts for themselves, so that each rule is asked as it is for anybody; the audit log names `sample` as the
place they acted from. What a rule refuses does not happen and is told to the log of the process.
"""

import heapq
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from apps.access.models import AccessRequest, AfterReview, Grant
from apps.access.rules.grants import can_release
from apps.access.services.due import expire_due
from apps.access.services.emergency import break_glass, confirm_permit, permit, review
from apps.access.services.ending import expire_batch
from apps.access.services.grants import release
from apps.access.services.requests import submit, withdraw
from apps.access.services.votes import approve, deny
from apps.access.states import GrantState, RequestState
from apps.accounts.models import User
from apps.accounts.queries import actor_for
from apps.core.actor import Actor, Strength, system
from apps.core.errors import DomainError
from apps.inventory.models import Asset
from apps.inventory.states import AssetKind
from apps.notices.models import Notice
from apps.notices.services.reading import mark_read
from apps.portal.sample.access import (
    GRANTED,
    IGNORED,
    REFUSED,
    REVIEWER,
    WAITING,
    WITHDRAWN,
    Asking,
    Emergency,
    Permit,
    askings,
    emergencies,
    permits,
)

log = logging.getLogger(__name__)
RECONCILER = system("reconciler")
#: How long after its end the reconciler sees to a grant.
ROUND = timedelta(seconds=20)
PERMIT_DAYS = 170
Step = Callable[[datetime], None]


class Player:
    """Plays askings and emergencies in the order of time; each step may add later ones."""

    def __init__(self, permits: Iterable[Permit], askings: Iterable[Asking], emergencies: Iterable[Emergency]) -> None:
        self._order = count()
        self._waiting: list[tuple[datetime, int, Step]] = []
        self._people: dict[str, User] = {}
        for one in permits:
            self._add(one.at, partial(self._permit, one))
        for asking in askings:
            self._add(asking.at, partial(self._ask, asking))
        for emergency in emergencies:
            self._add(emergency.at, partial(self._emergency, emergency))

    def play_until(self, until: datetime) -> None:
        """Play everything up to a moment, grants that end by then included."""
        while self._waiting and self._waiting[0][0] <= until:
            at, _, step = heapq.heappop(self._waiting)
            self._end_grants(at)
            try:
                step(at)
            except DomainError as refusal:
                log.info("sample access not played", extra={"at": at.isoformat(), "reason": refusal.reason})
        self._end_grants(until)

    def _add(self, at: datetime, step: Step) -> None:
        heapq.heappush(self._waiting, (at, next(self._order), step))

    def _end_grants(self, until: datetime) -> None:
        """End what is over by then, each at its own end."""
        over = Grant.objects.filter(state=GrantState.ACTIVE, expires_at__lte=until - ROUND).order_by("expires_at")
        for expires_at in list(over.values_list("expires_at", flat=True)):
            if expires_at is not None:
                expire_batch(actor=RECONCILER, now=expires_at + ROUND)

    def _actor(self, user: User, at: datetime, strength: Strength = Strength.SECOND_FACTOR) -> Actor:
        return actor_for(user, origin="sample", strength=strength, authenticated_at=at)

    def _user(self, mail: str) -> User:
        if mail not in self._people:
            self._people[mail] = User.objects.get(email__iexact=mail, is_sample=True)
        return self._people[mail]

    def _ask(self, one: Asking, at: datetime) -> None:
        asset = _model(one.asset)
        if asset is None:
            return
        row: AccessRequest = submit(
            actor=self._actor(self._user(one.who), at),
            asset=asset,
            operation=one.operation,
            minutes=one.minutes,
            reason=one.reason,
            now=at,
        ).value
        self._go_on(row, one, at)

    def _go_on(self, row: AccessRequest, one: Asking, at: datetime) -> None:
        """Plan what happens next to a request."""
        row.refresh_from_db()
        if row.state == RequestState.PENDING and one.end != WAITING:
            wait = timedelta(minutes=one.answers[min(row.stage, 2) - 1])
            if one.end == IGNORED:
                self._add(row.expires_at, _expire)
            elif one.end == WITHDRAWN:
                self._add(at + wait, partial(self._withdraw, row, one))
            else:
                self._add(at + wait, partial(self._decide, row, one))
        grant = Grant.objects.filter(request=row, state=GrantState.ACTIVE).first()
        if grant is not None and one.back_after:
            self._add(at + timedelta(minutes=one.back_after), partial(self._give_back, grant))

    def _decide(self, row: AccessRequest, one: Asking, at: datetime) -> None:
        asked = row.asked.filter(stage=row.stage, user__is_sample=True).select_related("user").order_by("pk").first()
        if asked is None:
            return
        actor = self._actor(asked.user, at)
        if one.end == REFUSED:
            deny(actor=actor, request=row, digest=row.digest, reason=one.words, now=at)
        elif one.end == GRANTED:
            approve(actor=actor, request=row, digest=row.digest, now=at)
            self._go_on(row, one, at)

    def _withdraw(self, row: AccessRequest, one: Asking, at: datetime) -> None:
        withdraw(actor=self._actor(self._user(one.who), at), request=row, reason="Not needed any more.", now=at)

    def _give_back(self, grant: Grant, at: datetime) -> None:
        grant.refresh_from_db()
        actor = self._actor(grant.holder, at)
        if can_release(actor, grant):
            release(actor=actor, grant=grant, now=at)

    def _permit(self, one: Permit, at: datetime) -> None:
        proposer, confirmer = self._user(one.proposed_by), self._user(one.confirmed_by)
        until = (at + timedelta(days=PERMIT_DAYS)).date()
        given = permit(actor=self._actor(proposer, at), user=self._user(one.who), until_on=until, now=at).value
        later = at + timedelta(hours=2)
        confirm_permit(actor=self._actor(confirmer, later), permit=given, now=later)

    def _emergency(self, one: Emergency, at: datetime) -> None:
        asset = _model(one.asset)
        if asset is None:
            return
        actor = self._actor(self._user(one.who), at, Strength.PHISHING_RESISTANT)
        facts: dict[str, Any] = {"operation": one.operation, "minutes": one.minutes, "reason": one.reason}
        grant: Grant = break_glass(actor=actor, asset=asset, drill=one.drill, now=at, **facts).value
        if one.words:
            then = at + timedelta(hours=one.reviewed_after)
            self._add(then, partial(self._review, grant, one))

    def _review(self, grant: Grant, one: Emergency, at: datetime) -> None:
        owed = AfterReview.objects.get(break_glass__grant=grant)
        actor = self._actor(self._user(REVIEWER), at)
        review(actor=actor, after_review=owed, justified=True, verdict=one.words, now=at)


def _expire(at: datetime) -> None:
    expire_due(actor=RECONCILER, now=at)


def _model(name: str) -> Asset | None:
    return Asset.objects.present().filter(kind=AssetKind.MODEL, name=name).select_related("owner", "parent").first()


def player_of(*, since: datetime, end: date, now: datetime, seed: int) -> Player:
    """Return the player of what happened since the first export, for exports up to `end` and a portal opened at `now`.

    With fewer weeks the permit is given on the first day.
    """
    given = [replace(one, at=max(one.at, since)) for one in permits(end=end, seed=seed)]
    asked = [one for one in askings(end=end, now=now, seed=seed) if one.at > since]
    return Player(given, asked, [one for one in emergencies(end=end, now=now) if one.at > since])


def read_old_notices(now: datetime) -> None:
    """Mark what the sample's people were told before the last day as read, as they would have."""
    for user in User.objects.filter(is_sample=True):
        old = Notice.objects.visible_to(actor_for(user)).unread().filter(created_at__lt=now - timedelta(days=1))
        for notice in old:
            mark_read(actor=actor_for(user, origin="sample"), notice=notice, now=now)
