"""What campaigns certify of the governance of the portal itself: who approves, what is accepted, what opens by itself,
the accounts and keys of programs. Each says how it is taken away, or leaves it to a person and looks whether it is."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    Exists,
    ExpressionWrapper,
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
from django.db.models.functions import Cast, Concat

from apps.access.models import Delegation, Policy, PolicyVersion, RouteVersion
from apps.accounts.models import ApiToken, TeamMembership, User
from apps.connectors.models import Connection
from apps.core.actor import Role
from apps.core.facts import Fact
from apps.governance.models import ExceptionVote, RiskException
from apps.governance.states import Vote as Verdict
from apps.reviews.queries.words import first, lower
from apps.reviews.states import HolderKind, Reason

APPROVING_ROLES = (Role.CISO, Role.SECURITY_ADMIN, Role.MANAGER)
_GOVERNS = Value(f"{Reason.GOVERNANCE} ")
_YES = Value(Fact.YES)


def _of_user(user: str) -> dict[str, Any]:
    return {
        "holder_kind": Case(
            When(**{f"{user}__kind": User.Kind.SERVICE}, then=Value(HolderKind.SERVICE)),
            default=Value(HolderKind.HUMAN),
        ),
        "holder_label": first(f"{user}__name", f"{user}__email", longest=320),
        "holder_title": first(f"{user}__person__job_title", longest=200),
        "holder_team": first(f"{user}__person__team_name", longest=200),
        "holder_email": lower(f"{user}__email"),
        "holder_person": F(f"{user}__person__id"),
        "holder_user": F(f"{user}_id"),
        "privileged": _YES,
    }


def roles(now: datetime) -> QuerySet[Any]:
    """Return who holds a role that approves access."""
    held = User.groups.through.objects.filter(user__is_active=True)
    return held.filter(group__name__in=[role.value for role in APPROVING_ROLES])


def role_columns(now: datetime) -> Mapping[str, Any]:
    """Return the snapshot of a role that approves."""
    words = [When(group__name=role.value, then=Value(f"Approve as {role.label}")) for role in APPROVING_ROLES]
    return {**_of_user("user"), "operation": Case(*words, default=Value("Approve")), "reasons": _GOVERNS}


def team_managers(now: datetime) -> QuerySet[TeamMembership]:
    """Return who approves for a team."""
    return TeamMembership.objects.filter(manages=True)


def team_manager_columns(now: datetime) -> Mapping[str, Any]:
    """Return the snapshot of managing a team; one who was deactivated is a departed member of the approvers."""
    left = Case(When(user__is_active=False, then=Value(f"{Reason.LEAVER} {Reason.GOVERNANCE} ")), default=_GOVERNS)
    words = {"operation": Value("Approve for a team"), "asset_label": F("team__name"), "reasons": left}
    return {**_of_user("user"), **words}


def delegations(now: datetime) -> QuerySet[Delegation]:
    """Return who decides for somebody else, now or later."""
    return Delegation.objects.filter(ended_at__isnull=True, until_at__gt=now)


def delegation_columns(now: datetime) -> Mapping[str, Any]:
    """Return the snapshot of a delegation."""
    return {
        **_of_user("delegate"),
        "operation": first(Concat(Value("Decide for "), F("delegator__name")), longest=200),
        "granted_at": F("created_at"),
        "expires_at": F("until_at"),
        "reasons": _GOVERNS,
    }


def targets(now: datetime) -> QuerySet[Connection]:
    """Return the accounts with which the portal signs in elsewhere."""
    return Connection.objects.filter(enabled=True)


def target_columns(now: datetime) -> Mapping[str, Any]:
    """Return the snapshot of a connector account."""
    return {
        "holder_kind": Value(HolderKind.PORTAL),
        "holder_label": Value("The portal"),
        "operation": Value("Sign in at the target"),
        "asset_label": F("name"),
        "origin": F("driver"),
        "granted_at": F("created_at"),
        "last_used_at": F("last_ok_at"),
        "privileged": _YES,
        "reasons": _GOVERNS,
    }


def policies(now: datetime) -> QuerySet[Policy]:
    """Return the access policies in force: they decide what is given without a person."""
    newest = PolicyVersion.objects.order_by("-number").first()
    return Policy.objects.filter(slug__in=list(newest.texts) if newest else [])


def policy_columns(now: datetime) -> Mapping[str, Any]:
    """Return the snapshot of a policy."""
    return {
        "holder_kind": Value(HolderKind.PORTAL),
        "holder_label": Value("The portal"),
        "operation": Value("Decide about access by policy"),
        "asset_label": F("slug"),
        "granted_at": F("created_at"),
        "privileged": _YES,
        "reasons": _GOVERNS,
    }


def tokens(now: datetime) -> QuerySet[ApiToken]:
    """Return keys that open the API."""
    return ApiToken.objects.all().usable(now)


def token_columns(now: datetime) -> Mapping[str, Any]:
    """Return the snapshot of a key; one made by somebody who was deactivated was given by a leaver."""
    left = Case(When(created_by__is_active=False, then=Value(f"{Reason.GOVERNANCE} {Reason.GIVER} ")), default=_GOVERNS)
    return {
        **_of_user("user"),
        "operation": Value("Call the API"),
        "asset_label": F("name"),
        "origin": F("prefix"),
        "granted_at": F("created_at"),
        "expires_at": F("expires_at"),
        "last_used_at": F("last_used_at"),
        "never_used": Case(When(last_used_at__isnull=True, then=Value(True)), default=Value(False)),
        "reasons": left,
    }


def exceptions(now: datetime) -> QuerySet[RiskException]:
    """Return the risks that are accepted now."""
    return RiskException.objects.in_force(now.date())


def exception_columns(now: datetime) -> Mapping[str, Any]:
    """Return the snapshot of an exception: held by who asked for it; where one signed, that one alone approved it."""
    signed = ExceptionVote.objects.filter(exception_id=OuterRef("pk"), choice=Verdict.SIGN)
    alone = signed.order_by().values("exception_id").annotate(n=Count("pk")).filter(n=1).values("n")
    nobody = Value(None, output_field=UUIDField())
    signer = Subquery(signed.values("voter_id")[:1])
    only = Case(When(Exists(alone), then=signer), default=nobody, output_field=UUIDField())
    giver = Q(Exists(signed.filter(voter__is_active=False)))
    # It holds through its last day.
    end = ExpressionWrapper(Cast("ends_on", DateTimeField()) + timedelta(days=1), output_field=DateTimeField())
    return {
        **_of_user("asked_by"),
        "operation": first(Concat(Value("Accept a risk while "), F("comp_check"), Value(" is met")), longest=200),
        "asset_label": F("label"),
        "origin": Concat(Value("EX-"), Cast("number", TextField()), output_field=TextField()),
        "granted_at": F("active_at"),
        "expires_at": end,
        "sole_approver": only,
        "reasons": Case(When(giver, then=Value(f"{Reason.GOVERNANCE} {Reason.GIVER} ")), default=_GOVERNS),
    }


def _automatic() -> RouteVersion | None:
    """Return the routes in force where a tier of them asks nobody."""
    newest = RouteVersion.objects.order_by("-number").first()
    opens = newest is not None and any(not route["stages"] for route in newest.tiers.values())
    return newest if opens else None


def routes(now: datetime) -> QuerySet[RouteVersion]:
    """Return the routes in force, where they give access without asking anybody."""
    newest = _automatic()
    return RouteVersion.objects.filter(number=newest.number if newest else -1)


def routes_open(now: datetime) -> QuerySet[RouteVersion]:
    """Return every version while the one in force asks nobody at some tier: another version alone changes nothing."""
    return RouteVersion.objects.all() if _automatic() else RouteVersion.objects.filter(number=-1)


def route_columns(now: datetime) -> Mapping[str, Any]:
    """Return the snapshot of an automatic approval."""
    newest = _automatic()
    tiers = [tier for tier, route in sorted(newest.tiers.items()) if not route["stages"]] if newest else []
    return {
        "holder_kind": Value(HolderKind.PORTAL),
        "holder_label": Value("The portal"),
        "operation": Value("Give access without asking anybody"),
        "asset_label": Value(f"Requests at tier {', '.join(tiers)}"),
        "origin": Concat(Value("Routes, version "), Cast("number", TextField()), output_field=TextField()),
        "granted_at": F("in_force_at"),
        "privileged": _YES,
        "reasons": _GOVERNS,
    }
