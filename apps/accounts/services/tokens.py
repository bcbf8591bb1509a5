"""API tokens."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from apps.accounts import secrets
from apps.accounts.events import TOKEN_CREATED, TOKEN_REVOKED
from apps.accounts.models import ApiToken, User
from apps.accounts.queries import roles_of
from apps.accounts.rules import SCOPES, can_create_token, can_revoke_token
from apps.accounts.services.sessions import subject_of
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid

MAX_DAYS = 365
#: How coarsely the last use is kept, so that reading the API does not write at each request.
LAST_USED_STEP = timedelta(minutes=10)


@command(TOKEN_CREATED)
def create_token(*, actor: Actor, now: datetime, user: User, name: str, scopes: Iterable[str], days: int) -> Changed:
    """Create a token for oneself or, as admin, for a service account; the value is (row, the token, shown once).

    Raises Forbidden for scopes that the user's roles do not allow, Invalid for unknown scopes or over a year.
    """
    wanted = frozenset(scopes)
    can_create_token(actor, user, wanted, roles_of(user.pk)).require()
    if not wanted or wanted - set(SCOPES):
        raise Invalid("Choose at least one of the scopes.", scopes="Choose at least one of the scopes.")
    if not 1 <= days <= MAX_DAYS:
        raise Invalid(f"A token lasts 1 to {MAX_DAYS} days.", days=f"Between 1 and {MAX_DAYS} days.")
    if not name.strip() or len(name) > 100:
        raise Invalid("A name has 1 to 100 characters.", name="A name has 1 to 100 characters.")
    prefix, token = secrets.new_token()
    row = ApiToken.objects.create(
        user=user, name=name.strip(), prefix=prefix, digest=secrets.digest("token", token), scopes=sorted(wanted),
        created_by_id=actor.user_id, created_at=now, expires_at=now + timedelta(days=days),
    )  # fmt: skip
    details: dict[str, object] = {
        "prefix": prefix, "scopes": row.scopes, "expires_at": row.expires_at.isoformat(),
    }  # fmt: skip
    return Changed(subject_of(user), details, value=(row, token))


@command(TOKEN_REVOKED)
def revoke_token(*, actor: Actor, now: datetime, token: ApiToken) -> Changed:
    """Revoke a token at once. Raises Forbidden, Conflict when it is revoked already."""
    can_revoke_token(actor, token).require()
    if not ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now):
        raise Conflict("This token is revoked already.")
    return Changed(subject_of(token.user), {"prefix": token.prefix})


def touch_token(token: ApiToken, now: datetime) -> None:
    """Remember, at most every ten minutes, that a token was used; in between nothing is written."""
    if token.last_used_at is None or token.last_used_at < now - LAST_USED_STEP:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
