"""Signals of the sign-in library: each becomes one service call."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.queries import actor_for
from apps.accounts.services import sign_in
from apps.accounts.web.actors import forget_factor, origin_of, request_id_of, session_actor, visitor
from apps.core.actor import Actor, Strength


def _acting(request: HttpRequest, user: User) -> Actor:
    return session_actor(request, user) if request.user.is_authenticated else visitor(request)


@receiver(account_signals.user_logged_in)
def on_signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Record the sign-in with how it was proven."""
    actor = session_actor(request, user)
    sign_in.signed_in(actor=actor, user=user, method=actor.strength.value)


@receiver(mfa_signals.authentication_failed)
def on_factor_failed(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Record a wrong code."""
    sign_in.sign_in_failed(actor=_acting(request, user), user=user, step="second factor")


@receiver(account_signals.authentication_step_completed)
def on_step(sender: Any, request: HttpRequest, user: User, method: str, **kwargs: Any) -> None:
    """Give the session a new key when someone signed in proves themselves again (no fixation across a step-up)."""
    if not kwargs.get("reauthenticated"):
        return
    old_key = request.session.session_key or ""
    request.session.cycle_key()
    new_key = request.session.session_key or ""
    sign_in.stepped_up(actor=session_actor(request, user), user=user, method=method, old_key=old_key, new_key=new_key)


@receiver(mfa_signals.authenticator_added)
def on_factor_added(sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record a new factor; having just proven it, the session counts as proven with it."""
    sign_in.factor_added(actor=_acting(request, user), user=user, factor=authenticator)
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type, reauthenticated=True)


@receiver(mfa_signals.authenticator_removed)
def on_factor_removed(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Record a removed factor; what it had proven is not proven any more, here or in other sessions."""
    actor = _acting(request, user)
    forget_factor(request, user, authenticator.type)
    sign_in.factor_removed(actor=actor, user=user, factor=authenticator, session_key=request.session.session_key or "")


@receiver(mfa_signals.authenticator_reset)
def on_factor_reset(sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record renewed recovery codes."""
    sign_in.factor_reset(actor=_acting(request, user), user=user, factor=authenticator)


@receiver([account_signals.password_changed, account_signals.password_set, account_signals.password_reset])
def on_password_changed(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Record a changed password; the session that changed it has ended by now, so the actor is built from the user."""
    actor = actor_for(user, origin=origin_of(request), strength=Strength.PASSWORD, request_id=request_id_of(request))
    sign_in.password_changed(actor=actor, user=user)
