"""How the sign-in library behaves here: closed sign-up, lock-out with 429, encrypted factor secrets."""

import time
from base64 import urlsafe_b64encode
from http import HTTPStatus
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.stagekit import get_pending_stage
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.accounts import secrets
from apps.accounts.models import User
from apps.accounts.queries import factor_types
from apps.accounts.services import sign_in
from apps.accounts.web.actors import visitor

LOCKED_CODES = ("too_many_login_attempts", "rate_limited")
LOCK_SECONDS = 300


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in of invited people only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: people are invited by a security administrator."""
        return False

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse | None:
        """Keep out the deactivated, and service accounts, which have tokens only."""
        if isinstance(user, User) and user.kind != User.Kind.PERSON:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One count per account, whatever host name the attacker uses."""
        return str(credentials.get("email", "")).strip().lower()

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt; over the limit the answer is 429 whatever the password is."""
        self._attempted = user_of_address(credentials.get("email"))
        super().pre_authenticate(request, **credentials)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Write the failed attempt down."""
        sign_in.sign_in_failed(actor=visitor(request), user=user_of_address(credentials.get("email")), step="password")

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Make a form error; but the lock of an account, which the library shows with status 200, answers 429."""
        if code in LOCKED_CODES:
            request = context.request
            user, step = self._locked_at(request)
            sign_in.sign_in_locked(actor=visitor(request), user=user, step=step)
            response = render(request, "errors/429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
            response["Retry-After"] = str(LOCK_SECONDS)
            raise ImmediateHttpResponse(response)
        return super().validation_error(code, *args)

    def _locked_at(self, request: HttpRequest) -> tuple[User | None, str]:
        if hasattr(self, "_attempted"):
            return self._attempted, "password"
        if request.user.is_authenticated:
            return request.user, "confirmation"
        stage = get_pending_stage(request)
        return (stage.login.user if stage else None), "second factor"

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask again for changes of the account unless the person proved themselves in the last minutes.

        Who has a second factor proves it with that: a password alone never adds or removes another.
        """
        request = context.request
        records = get_authentication_records(request, request.user)
        if factor_types(request.user.pk):
            records = [record for record in records if record.get("method") == "mfa"]
        newest = max((record.get("at", 0) for record in records), default=0)
        return bool(time.time() - newest > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """Offer the second factors where there are any, else the password."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        factors = [method for method in methods if method["id"] != "reauthenticate"]
        return factors or methods


def user_of_address(email: object) -> User | None:
    """Return the user of a mail address, if there is one."""
    return User.objects.filter(email__iexact=str(email or "").strip()).first()


class MFAAdapter(DefaultMFAAdapter):
    """Keeps the secrets of second factors encrypted, so that a copy of the database holds none."""

    def encrypt(self, text: str) -> str:
        """Encrypt under the portal's signing secret."""
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt under the current or a previous signing secret."""
        return _fernet().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        """Name the portal in authenticator apps."""
        return settings.ZTPORTAL_NAME


def _fernet() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    derived = (bytes.fromhex(secrets.digest("factor-secret", "", key=key)) for key in keys)
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in derived])
