"""Why an item lies in its pile: each reason is a condition over items, and all are recorded by one statement."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.lookups import Exact

from apps.access.models import Grant
from apps.access.states import LIVE_GRANTS
from apps.accounts.models import User
from apps.core.facts import Fact
from apps.governance.duties import conflicts_of
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Asset, Entitlement, OwnerClaim, Person
from apps.inventory.states import PersonStatus
from apps.reviews.models import Watched
from apps.reviews.queries.subjects import UNUSED_AFTER
from apps.reviews.queries.words import Joined, sensitive
from apps.reviews.states import CLOSE_REASONS, NON_HUMAN, UNUSED_REASONS, HolderKind, Pile, Reason, SubjectKind
from apps.reviews.states import Fact as WatchedFact

#: Somebody who leaves within this time is treated as leaving.
LEAVES_WITHIN = timedelta(days=30)
#: A change of team counts as new for so long.
MOVED_WITHIN = timedelta(days=90)
#: Of so many peers at least, at most a quarter has it: few have it. Fewer peers say nothing.
FEWEST_PEERS, RARE_SHARE = 4, 4


def reason_conditions(now: datetime) -> dict[Reason, Q]:
    """Return the condition of each reason that an item's columns and the tables below tell."""
    rare = Q(peers_of__gte=FEWEST_PEERS, peers_with__lte=F("peers_of") / RARE_SHARE)
    standing = ~Q(subject_kind=SubjectKind.GRANT)
    used = Q(last_used_at__gt=now - UNUSED_AFTER)
    told = Q(last_used_at__isnull=False) | Q(never_used=True)
    governs = Q(reasons__contains=Reason.GOVERNANCE)
    return {
        Reason.PRIVILEGED: Q(privileged=Fact.YES) & standing & ~governs,
        Reason.EXTERNAL: Q(holder_kind=HolderKind.GUEST),
        Reason.OWNERLESS: _ownerless(),
        Reason.LEAVER: _leaver(now),
        Reason.MOVER: Q(Exists(_moved(now))),
        Reason.DUTY: _duty(now),
        Reason.PERSONAL: Q(Exists(Asset.objects.filter(sensitive("classification"), pk=OuterRef("asset_id")))),
        Reason.PATTERN: Q(holder_kind=HolderKind.AGENT) & rare,
        Reason.RARE: ~Q(holder_kind=HolderKind.AGENT) & rare,
        Reason.NEVER_USED: Q(never_used=True),
        Reason.UNUSED: Q(last_used_at__isnull=False) & ~used,
        # A grant is short by itself, and what governs has no use that anybody records.
        Reason.USE_UNKNOWN: ~told & standing & ~governs,
    }


def _ownerless() -> Q:
    claimed = OwnerClaim.objects.present().filter(asset_id=OuterRef("pk"), person__isnull=False)
    nobodys = Asset.objects.filter(~Exists(claimed), pk=OuterRef("asset_id"), owner__isnull=True)
    return Q(Exists(nobodys)) | Q(holder_kind__in=NON_HUMAN, holder_person__isnull=True, holder_user__isnull=True)


def _leaver(now: datetime) -> Q:
    soon = (now + LEAVES_WITHIN).date()
    left = Person.objects.filter(Q(status=PersonStatus.LEFT) | Q(ended_on__lte=soon), pk=OuterRef("holder_person_id"))
    return Q(Exists(left)) | Q(Exists(User.objects.filter(pk=OuterRef("holder_user_id"), is_active=False)))


def _moved(now: datetime) -> QuerySet[Watched]:
    return Watched.objects.filter(
        fact=WatchedFact.TEAM, subject_id=OuterRef("holder_person_id"), changed_at__gt=now - MOVED_WITHIN
    )


def _duty(now: datetime) -> Q:
    """Return whether the holder's person has, on the same asset, an operation that conflicts with this one.

    All pairs are asked in one correlated query: one query a pair would be hashed whole for every pair.
    """
    pairs = Q(pk__in=[])
    for operation in OPERATIONS:
        others = list(conflicts_of(operation, 1))
        if others:
            pairs |= Q(Exact(OuterRef("operation"), Value(operation)), operation__in=others)
    same = {"asset_id": OuterRef("asset_id")}
    observed = Entitlement.objects.present().filter(pairs, identity__person_id=OuterRef("holder_person_id"), **same)
    given = Grant.objects.filter(pairs, holder__person__id=OuterRef("holder_person_id"), state__in=LIVE_GRANTS, **same)
    concerned = Q(holder_person__isnull=False, asset__isnull=False, operation__in=list(OPERATIONS))
    return concerned & (Q(Exists(observed)) | Q(Exists(given)))


def reasons_expression(now: datetime) -> Any:
    """Return the reasons of an item: what its kind said, then every other one whose condition holds, in fixed order."""
    pieces = [
        Case(When(condition & ~Q(reasons__contains=f"{reason} "), then=Value(f"{reason} ")), default=Value(""))
        for reason, condition in reason_conditions(now).items()
    ]
    return Joined(F("reasons"), *pieces)


def pile_expression() -> Any:
    """Return the pile of an item from its recorded reasons.

    What is rare is unusual, and what nobody can say is used is only usual where most peers have it.
    """
    close = Q()
    for reason in CLOSE_REASONS:
        close |= Q(reasons__contains=f"{reason} ")
    unused = Q()
    for reason in UNUSED_REASONS:
        unused |= Q(reasons__contains=f"{reason} ")
    unknown = Q(reasons__contains=f"{Reason.USE_UNKNOWN} ") & ~Q(peers_of__gte=FEWEST_PEERS, peers_with__isnull=False)
    return Case(
        When(close, then=Value(Pile.CLOSE)),
        When(unused, then=Value(Pile.UNNEEDED)),
        When(Q(reasons__contains=f"{Reason.RARE} ") | unknown, then=Value(Pile.CLOSE)),
        default=Value(Pile.USUAL),
    )
