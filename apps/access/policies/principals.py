"""Facts about users and agents, as policies ask for them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator

from apps.access.policies.questions import Principal
from apps.accounts.models import TeamMembership, User
from apps.accounts.queries import FACTOR_TYPES
from apps.core.actor import Actor, Role, Strength
from apps.core.facts import Fact
from apps.inventory.models import Identity
from apps.inventory.states import IdentityKind

#: From best to worst, by what counts beside a password.
_STRENGTHS = ("phishing_resistant", "strong", "weak")
_PROVEN = {Strength.PHISHING_RESISTANT: "phishing_resistant", Strength.SECOND_FACTOR: "strong"}
_REGISTERED = {Authenticator.Type.WEBAUTHN: "phishing_resistant", Authenticator.Type.TOTP: "strong"}


def principal_of(user: User, actor: Actor | None, now: datetime) -> Principal:
    """Return the facts of one user; `actor` is the one acting, whose proof counts where it is the user's own.

    Four queries.
    """
    return principals_of([user], now, actor)[user.pk]


def principals_of(users: Iterable[User], now: datetime, actor: Actor | None = None) -> dict[UUID, Principal]:
    """Return the facts of users by their id. Four queries, however many users.

    An inactive user has no roles, so that no policy permits anything.
    """
    chosen = {user.pk: user for user in users}
    roles, teams = _roles(list(chosen)), _teams(list(chosen))
    factors, guests, told = _factors(list(chosen))
    found = {}
    for pk, user in chosen.items():
        own = actor if actor is not None and actor.user_id == pk else None
        best = factors.get(pk, set()) | ({_PROVEN[own.strength]} if own and own.strength in _PROVEN else set())
        absent = "none" if pk in told else "unknown"
        found[pk] = Principal(
            kind="ServiceAccount" if user.kind == User.Kind.SERVICE else "User",
            id=str(pk),
            roles=frozenset(roles.get(pk, set())) if user.is_active else frozenset(),
            teams=frozenset(teams.get(pk, set())),
            guest=pk in guests,
            factor=next((strength for strength in _STRENGTHS if strength in best), absent),
            factor_minutes=_minutes_since_proof(own, now),
        )
    return found


def agent_of(identity: Identity) -> Principal:
    """Return an agent's identity as a principal; it has no roles of its own, and its kind decides. No query."""
    return Principal(kind="Agent", id=str(identity.pk))


def _minutes_since_proof(actor: Actor | None, now: datetime) -> int | None:
    if actor is None or actor.authenticated_at is None or actor.strength not in _PROVEN:
        return None
    return max(0, int((now - actor.authenticated_at).total_seconds() // 60))


def _roles(ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = {}
    known = [role.value for role in Role]
    rows = User.groups.through.objects.filter(user_id__in=ids, group__name__in=known)
    for pk, name in rows.values_list("user_id", "group__name"):
        found.setdefault(pk, set()).add(name)
    return found


def _teams(ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = {}
    for pk, name in TeamMembership.objects.filter(user_id__in=ids).values_list("user_id", "team__name"):
        found.setdefault(pk, set()).add(name)
    return found


def _factors(ids: Sequence[UUID]) -> tuple[dict[UUID, set[str]], set[UUID], set[UUID]]:
    """Return registered strengths, who is a guest somewhere, and of whom every source tells the factors.

    A factor counts wherever it is registered: here, or at a source whose identities the person has.
    """
    found: dict[UUID, set[str]] = {}
    for pk, kind in Authenticator.objects.filter(user_id__in=ids, type__in=FACTOR_TYPES).values_list("user_id", "type"):
        found.setdefault(pk, set()).add(_REGISTERED[kind])
    guests: set[UUID] = set()
    told: set[UUID] = set()
    untold: set[UUID] = set()
    rows = Identity.objects.counted().filter(person__user_id__in=ids)
    columns = ("person__user_id", "kind", "mfa_known", "factors__strength", "factors__active", "factors__gone_at")
    for pk, kind, mfa_known, strength, active, gone_at in rows.values_list(*columns):
        if kind == IdentityKind.GUEST:
            guests.add(pk)
        (told if mfa_known == Fact.YES else untold).add(pk)
        if strength and active != Fact.NO and gone_at is None:
            found.setdefault(pk, set()).add(strength)
    return found, guests, told - untold
