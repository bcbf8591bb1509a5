"""Playing the sample's reviews and exceptions: each answer, signature and proof by its own service, at its own moment.

Everybody acts for themselves, as in `access_history`; the steps fall between the imports, so that a review shows what
was known on its day and a removal is proven by the import that came after it.
"""

import heapq
import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count

from django.core.exceptions import ObjectDoesNotExist

from apps.accounts.models import Team, User
from apps.accounts.queries import actor_for
from apps.core.actor import Actor, Strength, system
from apps.core.errors import DomainError
from apps.governance.models import RiskException
from apps.governance.references import CHECKS, RESULTS, find
from apps.governance.services.asking import ask
from apps.governance.services.ending import withdraw
from apps.governance.services.signing import sign as sign_exception
from apps.governance.states import ReferenceKind
from apps.inventory.models import Person
from apps.portal.sample import colleagues
from apps.portal.sample.reviews import (
    ADMIN,
    CISO,
    DONE,
    MANAGER,
    NOT_MINE,
    STAYS,
    TOO_MUCH,
    Acceptance,
    Closed,
    Open,
    acceptances,
    closed_review,
    open_review,
)
from apps.portal.services.access_history import Step
from apps.posture.models import Finding
from apps.posture.services.findings import assign_owner
from apps.reviews.models import Campaign, Item, Removal
from apps.reviews.queries.bulk import PILE_OF, preview, sheet_items
from apps.reviews.queries.quality import second_sample
from apps.reviews.services.bulk import bulk_decide, draw_sample
from apps.reviews.services.campaigns import draft, open_campaign, save_series
from apps.reviews.services.deciding import decide
from apps.reviews.services.removal import done_by_hand
from apps.reviews.services.rerouting import not_mine
from apps.reviews.services.sealing import sign
from apps.reviews.services.seconding import second
from apps.reviews.services.series import open_due_series
from apps.reviews.services.staging import stage
from apps.reviews.services.verifying import begin_verifying, close, verify
from apps.reviews.states import UNPROVEN_ITEMS, CampaignState, Choice, Frequency, ItemState, Pile, Reason, ReviewerRule

log = logging.getLogger(__name__)
RECONCILER = system("reconciler")
#: Reasons for which the sample's reviewers revoke in *Look closely*.
REVOKED_FOR = {Reason.LEAVER, Reason.EXTERNAL, Reason.UNUSED, Reason.NEVER_USED}
#: Seconds between two answers of a sitting, in turn.
PACE = (21, 34, 17, 48, 26, 12, 39)


class Reviewing:
    """Plays reviews and exceptions in the order of time."""

    def __init__(self, closed: Closed, running: Open, accepted: Iterable[Acceptance], since: datetime) -> None:
        self._order = count()
        self._waiting: list[tuple[datetime, int, Step]] = []
        self._since = since
        self._plan_closed(closed)
        self._plan_open(running)
        for one in accepted:
            self._plan_acceptance(one)

    def play_until(self, until: datetime) -> None:
        """Play everything up to a moment; what a rule refuses does not happen and is told to the log."""
        while self._waiting and self._waiting[0][0] <= until:
            at, _, step = heapq.heappop(self._waiting)
            try:
                step(at)
            except (DomainError, ObjectDoesNotExist) as refusal:
                log.info("sample review not played", extra={"at": at.isoformat(), "reason": str(refusal)})

    def _add(self, at: datetime, step: Step) -> None:
        if at > self._since:
            heapq.heappush(self._waiting, (at, next(self._order), step))

    def _plan_closed(self, one: Closed) -> None:
        self._add(one.opened, partial(_open_closed, one))
        for mail, at in one.sittings:
            self._add(at, partial(_judge, one, mail))
        self._add(one.second_looks, partial(_look_again, one.name))
        self._add(one.reported, partial(_report, one.name))
        self._add(one.proven, partial(_prove, one.name))
        self._add(one.stays.asked, partial(_ask_to_stay, one))
        for mail, at in one.stays.signed:
            self._add(at, partial(_sign_to_stay, one, mail))

    def _plan_open(self, one: Open) -> None:
        self._add(one.saved, partial(_save, one))
        self._add(one.opens, _open_due)
        for mail, at, answers in one.sittings:
            self._add(at, partial(_sit, one.name, mail, answers))

    def _plan_acceptance(self, one: Acceptance) -> None:
        self._add(one.asked, partial(_ask, one))
        for mail, at in one.signed:
            self._add(at, partial(_sign_exception, one, mail))
        if one.taken_back is not None:
            self._add(one.taken_back, partial(_take_back, one))


def reviewing_of(*, since: datetime, end: date, now: datetime, seed: int) -> Reviewing:
    """Return the player of what was certified and accepted after `since`, for exports up to `end`."""
    second_admin = next(one.email for one in colleagues(seed) if one.role == "security_admin")
    closed = closed_review(end=end, second=second_admin)
    return Reviewing(closed, open_review(now=now), acceptances(end=end, now=now), since)


def _user(mail: str) -> User:
    return User.objects.get(email__iexact=mail, is_sample=True)


def _actor(user: User, at: datetime) -> Actor:
    return actor_for(user, origin="sample", strength=Strength.SECOND_FACTOR, authenticated_at=at)


def _campaign(name: str) -> Campaign:
    return Campaign.objects.filter(name__startswith=name).get()


def _open_closed(one: Closed, at: datetime) -> None:
    admin = _actor(_user(ADMIN), at)
    group = [str(_user(mail).pk) for mail, _ in one.sittings]
    stages = [{"reviewer": ReviewerRule.GROUP, "group": group, "days": 7}]
    scope = {"privileged_only": True, "subjects": ["entitlement"]}
    made = draft(actor=admin, name=one.name, scope=scope, stages=stages, removal_days=14, now=at).value
    shown = stage(actor=admin, campaign=made, now=at).value
    then = at + timedelta(minutes=6)
    open_campaign(actor=admin, campaign=shown, snapshot_hash=shown.snapshot_hash, now=then)


def _judge(one: Closed, mail: str, at: datetime) -> None:
    """Answer a whole sheet of the closed review, item by item, and sign it."""
    user, campaign = _user(mail), _campaign(one.name)
    for number, item in enumerate(sheet_items(campaign, user.pk).order_by("number")):
        then, note = _after(at, number), TOO_MUCH.get(item.holder_label, "")
        if mail == MANAGER and (item.holder_label, item.asset_label) == STAYS:
            other = next(to for to, _ in one.sittings if to != mail)
            not_mine(actor=_actor(user, then), item=item, to=_user(other), note=NOT_MINE, now=then)
        else:
            _answer(user, item, Choice.REVOKE if note else Choice.KEEP, note, then)
    done = at + timedelta(minutes=45)
    sign(actor=_actor(user, done), campaign=campaign, now=done)


def _after(at: datetime, number: int) -> datetime:
    rounds, rest = divmod(number, len(PACE))
    return at + timedelta(seconds=rounds * sum(PACE) + sum(PACE[: rest + 1]))


def _answer(user: User, item: Item, choice: str, note: str, at: datetime) -> None:
    decide(actor=_actor(user, at), item=item, choice=choice, digest=item.digest, note=note, now=at)


def _look_again(name: str, at: datetime) -> None:
    actor = _actor(_user(CISO), at)
    for item in second_sample(_campaign(name)):
        choice = Choice.REVOKE if item.holder_label in TOO_MUCH else Choice.KEEP
        second(actor=actor, item=item, choice=choice, digest=item.digest, now=at)


def _report(name: str, at: datetime) -> None:
    """Report what was narrowed; what the supplier keeps is not."""
    rows = Removal.objects.filter(item__campaign=_campaign(name), owner__isnull=False).select_related("item", "owner")
    for number, row in enumerate(rows.order_by("pk")):
        if row.owner is not None and (row.item.holder_label, row.item.asset_label) != STAYS:
            then = at + timedelta(minutes=2 * number)
            done_by_hand(actor=_actor(row.owner, then), removal=row, proof=DONE[row.item.holder_label], now=then)


def _prove(name: str, at: datetime) -> None:
    """Do what the reconciler would have done: close what is seen gone, and the review once all is."""
    verify(actor=RECONCILER, now=at)
    campaign = _campaign(name)
    if campaign.state == CampaignState.REMEDIATING:
        begin_verifying(actor=RECONCILER, campaign=campaign, now=at)
    if not Item.objects.filter(campaign=campaign, state__in=UNPROVEN_ITEMS).exists():
        close(actor=RECONCILER, campaign=campaign, now=at)


def _staying(one: Closed) -> Removal:
    rows = Removal.objects.select_related("item", "owner")
    holder, asset = STAYS
    return rows.get(item__campaign=_campaign(one.name), item__holder_label=holder, item__asset_label=asset)


def _ask_to_stay(one: Closed, at: datetime) -> None:
    removal, stays = _staying(one), one.stays
    if removal.owner is not None:
        about = (ReferenceKind.REVIEW_ITEM, str(removal.pk))
        _ask_about(removal.owner, about, stays.compensating, stays.reason, stays.ends_on, at)


def _sign_to_stay(one: Closed, mail: str, at: datetime) -> None:
    row = RiskException.objects.get(kind=ReferenceKind.REVIEW_ITEM, key=str(_staying(one).pk))
    sign_exception(actor=_actor(_user(mail), at), exception=row, now=at)
    _prove(one.name, at + timedelta(minutes=1))


def _save(one: Open, at: datetime) -> None:
    teams = list(Team.objects.filter(name__in=one.teams).values_list("pk", flat=True))
    save_series(
        actor=_actor(_user(ADMIN), at), name=one.name, scope={"teams": teams}, frequency=Frequency.QUARTERLY,
        stages=[{"reviewer": ReviewerRule.MANAGER, "fallback": "security_admin", "days": 14}],
        first_on=one.opens.date(), now=at,
    )  # fmt: skip


def _open_due(at: datetime) -> None:
    open_due_series(at)


def _sit(name: str, mail: str, answers: int | None, at: datetime) -> None:
    """Answer some of *Look closely*; without a number the whole sheet, which is then signed."""
    user, campaign = _user(mail), _campaign(name)
    close = sheet_items(campaign, user.pk).filter(pile=Pile.CLOSE, state=ItemState.OPEN).order_by("number")
    for number, item in enumerate(close[:answers]):
        revoke = REVOKED_FOR & set(item.reason_list)
        _answer(user, item, Choice.REVOKE if revoke else Choice.KEEP, "", _after(at, number))
    if answers is None:
        _finish(user, campaign, at + timedelta(minutes=30))


def _finish(user: User, campaign: Campaign, at: datetime) -> None:
    """Decide the other piles as the sheet offers it, and sign."""
    actor = _actor(user, at)
    items = sheet_items(campaign, user.pk)
    if items.filter(pile=Pile.USUAL, state=ItemState.OPEN).exists():
        drawn = draw_sample(actor=actor, campaign=campaign, seed=campaign.code, now=at).value
        for number, item in enumerate(items.filter(pk__in=drawn.items, state=ItemState.OPEN)):
            _answer(user, item, Choice.KEEP, "", _after(at, number))
    then = at + timedelta(minutes=5)
    for choice in PILE_OF:
        found = preview(campaign, user.pk, choice)
        if found.count:
            bulk_decide(actor=_actor(user, then), campaign=campaign, choice=choice, digest=found.digest, now=then)
    sign(actor=_actor(user, then), campaign=campaign, now=then + timedelta(minutes=2))


def _finding(one: Acceptance) -> Finding:
    return Finding.objects.unresolved().get(check_id=one.check, subject_label=one.subject)


def _ask(one: Acceptance, at: datetime) -> None:
    """Give the finding to who asks, and ask."""
    finding, user = _finding(one), _user(one.who)
    person = Person.objects.get(user=user)
    before = at - timedelta(minutes=50)
    assign_owner(actor=_actor(_user(ADMIN), before), number=finding.pk, person_id=person.pk, now=before)
    _ask_about(user, (ReferenceKind.FINDING, str(finding.pk)), one.compensating, one.reason, one.ends_on, at)


def _ask_about(user: User, about: tuple[str, str], compensating: str, reason: str, ends_on: date, at: datetime) -> None:
    """Ask as somebody who answers for it, with the first subject of which the compensating check is met."""
    actor, (kind, key) = _actor(user, at), about
    reference = find(actor, kind, key)
    offered = RESULTS[CHECKS].options(reference) if reference is not None else []
    by = next((option.value for option in offered if option.check_id == compensating), "")
    ask(actor=actor, kind=kind, key=key, reason=reason, compensating=by, ends_on=ends_on, now=at)


def _exception(one: Acceptance) -> RiskException:
    return RiskException.objects.get(kind=ReferenceKind.FINDING, asked_by=_user(one.who), asked_at=one.asked)


def _sign_exception(one: Acceptance, mail: str, at: datetime) -> None:
    sign_exception(actor=_actor(_user(mail), at), exception=_exception(one), now=at)


def _take_back(one: Acceptance, at: datetime) -> None:
    withdraw(actor=_actor(_user(one.who), at), exception=_exception(one), note=one.words, now=at)
