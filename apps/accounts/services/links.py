"""One-time sign-in links: invitation of a new person, recovery from the command line."""

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts import secrets
from apps.accounts.events import LINK_CREATED, LINK_USED
from apps.accounts.models import SignInLink, User
from apps.accounts.queries import usable_link
from apps.accounts.rules import can_invite
from apps.accounts.services.sessions import drop_sessions, subject_of
from apps.accounts.states import LinkPurpose
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.decision import refused
from apps.core.errors import Invalid, NotFound

LINK_LASTS = timedelta(minutes=15)
GONE = "This link has been used, has expired, or never was one. Ask for a new one."


@command(LINK_CREATED)
def create_link(*, actor: Actor, now: datetime, user: User, purpose: LinkPurpose) -> Changed:
    """Make a link that lets the user in once within 15 minutes; the value is its secret, which is kept nowhere.

    Earlier links of the user die. Raises Forbidden: in the portal only for people who never signed in, recovery
    only from the command line.
    """
    if purpose is LinkPurpose.RECOVERY and actor.kind != "system":
        refused("Recovery is by command line (manage.py recovery_link).").require()
    can_invite(actor, user).require()
    SignInLink.objects.filter(user=user, used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
    secret = secrets.new_secret()
    link = SignInLink.objects.create(
        user=user, purpose=purpose, digest=secrets.digest("link", secret), created_by_id=actor.user_id,
        created_at=now, expires_at=now + LINK_LASTS,
    )  # fmt: skip
    details: dict[str, object] = {"purpose": purpose.value, "expires_at": link.expires_at.isoformat()}
    return Changed(subject_of(user), details, value=secret)


@command(LINK_USED)
def use_link(*, actor: Actor, now: datetime, secret: str, password: str) -> Changed:
    """Use a link up: the user gets the password, other sessions end; the value is the user, ready to be signed in.

    Recovery also removes the second factors, which are set up anew. Raises NotFound for a link that is used, expired
    or unknown (one answer for all), Invalid for a weak password, which leaves the link usable.
    """
    link = usable_link(secret, now)
    if link is None:
        raise NotFound(GONE)
    try:
        validate_password(password, link.user)
    except ValidationError as problem:
        raise Invalid("Choose another password.", password=" ".join(problem.messages)) from None
    if not SignInLink.objects.filter(pk=link.pk, used_at__isnull=True, expires_at__gt=now).update(used_at=now):
        raise NotFound(GONE)
    removed = 0
    if link.purpose == LinkPurpose.RECOVERY:
        removed, _ = Authenticator.objects.filter(user=link.user).delete()
    drop_sessions(link.user)
    link.user.set_password(password)
    link.user.save(update_fields=["password"])
    details: dict[str, object] = {"purpose": link.purpose, "factors_removed": removed}
    return Changed(subject_of(link.user), details, value=link.user)
