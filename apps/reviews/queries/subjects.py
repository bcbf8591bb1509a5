"""What campaigns certify of access: standing access and grants."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
    Value,
    When,
)  # fmt: skip
from django.db.models.functions import Cast, Coalesce, Concat, Least

from apps.access.models import Grant, Vote
from apps.access.queries.metrics import PRIVILEGED
from apps.access.states import LIVE_GRANTS, GrantState
from apps.access.states import Choice as VoteChoice
from apps.accounts.models import User
from apps.core.facts import Fact
from apps.governance.tiers import UNKNOWN_TIER
from apps.inventory.models import Entitlement
from apps.inventory.states import IdentityKind, UseState
from apps.reviews.queries.words import asset_tier, asset_words, first, lower, operation_tier
from apps.reviews.states import HolderKind, Reason

#: Access that nobody used for so long is probably not needed (issue text: 90 days).
UNUSED_AFTER = timedelta(days=90)
_YES = Value(Fact.YES)


def entitlements(now: datetime) -> QuerySet[Entitlement]:
    """Return standing access that a source shows, of identities in use, not known to be beside AI."""
    rows = Entitlement.objects.present().exclude(on_ai=Fact.NO).filter(identity__gone_at__isnull=True)
    rows = rows.exclude(identity__enabled=Fact.NO)
    return rows.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))


def entitlements_shown(now: datetime) -> QuerySet[Entitlement]:
    """Return standing access that a source's newest import still shows, whatever became of its holder."""
    return Entitlement.objects.present()


def entitlement_columns(now: datetime) -> Mapping[str, Any]:
    """Return the snapshot of standing access; an identity unused for 90 days says the same of all it holds."""
    stale = Case(
        When(identity__last_used_at__lte=now - UNUSED_AFTER, then=F("identity__last_used_at")),
        default=Value(None, output_field=DateTimeField()),
    )
    never = Q(last_used_at__isnull=True, identity__use_state=UseState.NEVER)
    # Where a source does not say what its accounts are, one with the mail or login of a person is that person's.
    joined = Q(identity__person__isnull=False, identity__person_by_hand=False)
    persons = joined & Q(identity__kind=IdentityKind.UNKNOWN)
    kind = Case(When(persons, then=Value(HolderKind.HUMAN)), default=F("identity__kind"))
    called = Case(When(persons, then=F("identity__person__name")), default=F("identity__name"))
    every = Case(When(scope="*", then=Value("Everything")), default=F("scope"))
    return {
        "holder_kind": kind,
        "holder_label": first(called, "identity__login", "identity__source_key", longest=320),
        "holder_title": first("identity__person__job_title", "identity__job_title", longest=200),
        "holder_team": first("identity__person__team_name", "identity__department", longest=200),
        "holder_login": lower("identity__login"),
        "holder_email": lower("identity__email"),
        "holder_person": F("identity__person_id"),
        "holder_user": F("identity__person__user_id"),
        "asset": F("asset_id"),
        "asset_label": first(asset_words("asset"), every, longest=700),
        "operation": F("operation"),
        "tier": Least(Coalesce(asset_tier("asset"), Value(UNKNOWN_TIER)), operation_tier("operation")),
        "privileged": F("privileged"),
        "origin": first(Concat(F("source__name"), Value(": "), F("how")), longest=700),
        "granted_at": F("granted_at"),
        "expires_at": F("expires_at"),
        "last_used_at": Case(When(last_used_at__isnull=False, then=F("last_used_at")), default=stale),
        "never_used": Case(When(never, then=Value(True)), default=Value(False), output_field=BooleanField()),
        "asset_kind": F("asset__kind"),
        "asset_team": F("asset__team_id"),
        "person_team": F("identity__person__team_id"),
    }


def grants(now: datetime) -> QuerySet[Grant]:
    """Return grants that live or will."""
    return Grant.objects.filter(state__in=LIVE_GRANTS).filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))


def grants_not_seen_gone(now: datetime) -> QuerySet[Grant]:
    """Return grants whose target was not seen without the access yet."""
    return Grant.objects.exclude(state=GrantState.ENDED)


def grant_columns(now: datetime) -> Mapping[str, Any]:
    """Return the snapshot of a grant, with the one whose approval alone gave it."""
    votes = Vote.objects.filter(request_id=OuterRef("request_id"), choice=VoteChoice.APPROVE)
    voters = votes.order_by().values("request_id").annotate(n=Count("voter", distinct=True)).filter(n=1).values("n")
    only = votes.order_by("pk")
    nobody = Value(None, output_field=UUIDField())
    alone = Q(Exists(voters))
    giver_left = Q(Exists(votes.filter(voter__is_active=False)))
    return {
        "holder_kind": Case(
            When(holder__kind=User.Kind.SERVICE, then=Value(HolderKind.SERVICE)), default=Value(HolderKind.HUMAN)
        ),
        "holder_label": first("holder__name", "holder__email", longest=320),
        "holder_title": first("holder__person__job_title", longest=200),
        "holder_team": first("holder__person__team_name", longest=200),
        "holder_email": lower("holder__email"),
        "holder_person": F("holder__person__id"),
        "holder_user": F("holder_id"),
        "asset": F("asset_id"),
        "asset_label": F("asset_label"),
        "operation": F("operation"),
        "tier": F("tier"),
        "privileged": Case(When(operation__in=PRIVILEGED, then=_YES), default=Value(Fact.NO)),
        "origin": Concat(Value("G-"), Cast("number", TextField()), output_field=TextField()),
        "granted_at": F("created_at"),
        "expires_at": F("expires_at"),
        "sole_approver": Case(
            When(alone, then=Subquery(only.values("voter_id")[:1])), default=nobody, output_field=UUIDField()
        ),
        "sole_principal": Case(
            When(alone, then=Subquery(only.values("on_behalf_of_id")[:1])), default=nobody, output_field=UUIDField()
        ),
        "reasons": Case(When(giver_left, then=Value(f"{Reason.GIVER} ")), default=Value("")),
        "asset_kind": F("asset__kind"),
        "asset_team": F("asset__team_id"),
        "person_team": F("holder__person__team_id"),
    }
