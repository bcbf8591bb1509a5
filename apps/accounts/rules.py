"""Who may do what to users, roles, sessions and tokens."""

from collections.abc import Iterable
from datetime import datetime

from apps.accounts.models import ApiToken, RoleChange, User
from apps.core.actor import CHANGING_ROLES, Actor, Role, Strength
from apps.core.decision import ALLOWED, Decision, refused
from apps.core.persons import accounts_of

STRONG = frozenset({Strength.SECOND_FACTOR, Strength.PHISHING_RESISTANT, Strength.SYSTEM})
#: Roles nobody holds together: who changes the portal does not audit it.
EXCLUDING = (frozenset({Role.SECURITY_ADMIN, Role.AUDITOR}),)
#: Roles that a person may be proposed for; a service account is made with its own and may only read more.
GIVABLE = {
    User.Kind.PERSON: frozenset(Role) - {Role.SERVICE},
    User.Kind.SERVICE: frozenset({Role.AUDITOR}),
}
#: What a token may be limited to. Tokens read, ask for decisions and for access; nothing else is changed with a token.
SCOPES = {
    "read:inventory": "Assets, identities, people and sources",
    "read:posture": "Checks, runs, findings and metrics",
    "read:access": "Requests and grants",
    "read:reviews": "Access reviews",
    "read:audit": "Audit log",
    "decide": "Access decisions: may somebody do something now (AuthZEN)",
    "request": "Ask for access for oneself or the people of its teams, follow it up, give it back",
}
SCOPE_ROLES = {"read:audit": frozenset({Role.CISO, Role.SECURITY_ADMIN, Role.AUDITOR})}


def requires_second_factor(actor: Actor) -> Decision:
    """Allow only who proved a second factor in this session (ASVS 5.0, 6.3.3); every changing rule starts here."""
    if actor.strength in STRONG:
        return ALLOWED
    return refused("Sign in with a second factor to change anything.")


def must_have_factor(actor: Actor) -> bool:
    """Return whether the actor's roles change anything, so that they cannot go on without a second factor."""
    return actor.kind == "person" and not actor.roles.isdisjoint(CHANGING_ROLES)


def can_manage_people(actor: Actor) -> Decision:
    """Security admins, with a second factor, and the command line."""
    if actor.kind == "system":
        return ALLOWED
    if not actor.has(Role.SECURITY_ADMIN):
        return refused("Only a security administrator manages people.")
    return requires_second_factor(actor)


def can_see_people(actor: Actor) -> Decision:
    """Those who manage people, and those who oversee them."""
    if actor.has(Role.SECURITY_ADMIN, Role.AUDITOR, Role.CISO):
        return ALLOWED
    return refused("People are managed by security administrators.")


def can_propose_role(actor: Actor, user: User, role: Role, held: frozenset[Role]) -> Decision:
    """An admin, for another active person, a role that fits the ones held."""
    managing = can_manage_people(actor)
    if not managing:
        return managing
    if accounts_of([user.pk], [actor.user_id]):
        return refused("Nobody proposes a role for themselves.")
    return role_fits(user, role, held)


def role_fits(user: User, role: Role, held: frozenset[Role]) -> Decision:
    """Return whether the user may hold the role beside those already held."""
    if not user.is_active:
        return refused("This user is deactivated.")
    if role not in GIVABLE[User.Kind(user.kind)]:
        return refused(f"The role {role.label} is not for this kind of user.")
    if role in held:
        return refused(f"This user already has the role {role.label}.")
    for pair in EXCLUDING:
        if role in pair and not held.isdisjoint(pair - {role}):
            other = next(iter(pair - {role}))
            return refused(f"{role.label} and {other.label} exclude each other.")
    return ALLOWED


def can_confirm_role(
    actor: Actor, change: RoleChange, held: frozenset[Role], now: datetime, *, admins: int = 0
) -> Decision:
    """A second admin, neither the proposer nor the user, also by no other account of theirs; the command line only
    where no such admin exists.

    `admins` counts the active security admins who are other persons than the proposer and the user.
    """
    managing = can_manage_people(actor)
    if not managing:
        return managing
    if now >= change.expires_at:
        return refused("This proposal has expired.")
    if actor.kind == "system":
        if admins:
            return refused("Another security administrator exists and confirms in the portal.")
    elif accounts_of([change.user_id, change.proposed_by_id], [actor.user_id]):
        return refused("A role is confirmed by someone other than the proposer and the person themselves.")
    return role_fits(change.user, change.role_value, held)


def can_refuse_role(actor: Actor, change: RoleChange) -> Decision:
    """Any other admin."""
    managing = can_manage_people(actor)
    if not managing:
        return managing
    if actor.user_id == change.proposed_by_id and actor.user_id is not None:
        return refused("Withdraw your own proposal instead.")
    return ALLOWED


def can_withdraw_role(actor: Actor, change: RoleChange) -> Decision:
    """Only who proposed it."""
    managing = can_manage_people(actor)
    if not managing:
        return managing
    if actor.user_id != change.proposed_by_id:
        return refused("Only who proposed a role withdraws it.")
    return ALLOWED


def can_remove_role(actor: Actor, user: User, role: Role, *, other_admins: int) -> Decision:
    """An admin, at once and alone, also from themselves; but the last security administrator stays."""
    managing = can_manage_people(actor)
    if not managing:
        return managing
    if role is Role.SERVICE:
        return refused("A service account keeps its role; deactivate it instead.")
    if role is Role.SECURITY_ADMIN and user.is_active and not other_admins:
        return refused("The last security administrator cannot be removed.")
    return ALLOWED


def can_deactivate(actor: Actor, user: User, *, other_admins: int, is_admin: bool) -> Decision:
    """An admin, another user; the last security administrator stays."""
    managing = can_manage_people(actor)
    if not managing:
        return managing
    if actor.user_id == user.pk:
        return refused("Nobody deactivates themselves.")
    if is_admin and not other_admins:
        return refused("The last security administrator cannot be deactivated.")
    return ALLOWED


def can_invite(actor: Actor, user: User) -> Decision:
    """An admin, a person who has never signed in: else a link would be a way into someone else's account."""
    managing = can_manage_people(actor)
    if not managing:
        return managing
    if user.kind != User.Kind.PERSON:
        return refused("A service account does not sign in.")
    if not user.is_active:
        return refused("This user is deactivated.")
    if actor.kind != "system" and (user.last_login is not None or user.has_usable_password()):
        return refused("This person has signed in before; recovery is by command line (manage.py recovery_link).")
    return ALLOWED


def can_end_sessions(actor: Actor, user: User) -> Decision:
    """Oneself, or an admin."""
    if actor.user_id == user.pk:
        return ALLOWED if actor.strength is not Strength.TOKEN else refused("A token ends no sessions.")
    return can_manage_people(actor)


def can_create_token(actor: Actor, user: User, scopes: frozenset[str], held: frozenset[Role]) -> Decision:
    """Oneself with a second factor, or an admin for a service account; never more than the user's roles see."""
    if not user.is_active:
        return refused("This user is deactivated.")
    if user.kind == User.Kind.SERVICE:
        decision = can_manage_people(actor)
    elif actor.user_id == user.pk:
        decision = requires_second_factor(actor)
    else:
        decision = refused("A person's tokens are their own.")
    if not decision:
        return decision
    for scope in sorted(scopes - allowed_scopes(scopes, held)):
        return refused(f"The roles of this user do not allow {scope}.")
    return ALLOWED


def allowed_scopes(scopes: Iterable[str], held: frozenset[Role]) -> frozenset[str]:
    """Return those of a token's scopes that the roles held now allow."""
    return frozenset(scope for scope in scopes if not held.isdisjoint(SCOPE_ROLES.get(scope, frozenset(Role))))


def can_revoke_token(actor: Actor, token: ApiToken) -> Decision:
    """Oneself at any strength but by token, or an admin."""
    if actor.user_id == token.user_id and actor.strength is not Strength.TOKEN:
        return ALLOWED
    return can_manage_people(actor)
