"""Passwords that a provisioner sets at a target: kept sealed, shown to the holder once, forgotten at the end."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.access.events import PASSWORD_SHOWN
from apps.access.models import Grant, GrantPassword
from apps.access.rules.passwords import can_see_password
from apps.access.services.receipts import subject_of
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict
from apps.core.sealed import Unreadable, seal, unseal


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A password as its holder sees it, once."""

    password: str


def password_for(number: int, generation: int, now: datetime, *, fresh: bool) -> str | None:
    """Return the password to set for this generation, the same for every repeat; None where the holder has it already.

    With `fresh` one that was shown is replaced: the target has lost it.
    """
    with transaction.atomic():
        Grant.objects.select_for_update(of=("self",), no_key=True).get(pk=number)
        row = GrantPassword.objects.filter(grant_id=number, generation=generation).first()
        if row is not None and row.shown_at is not None and not fresh:
            return None
        if row is not None and row.sealed:
            try:
                return unseal(row.sealed)
            except Unreadable:
                pass  # its key is gone, and nobody has seen it: another takes its place
        password = secrets.token_urlsafe(24)
        GrantPassword.objects.update_or_create(
            grant_id=number,
            defaults={"generation": generation, "sealed": seal(password), "made_at": now, "shown_at": None},
        )
        return password


def forget_password(number: int) -> None:
    """Erase what was never shown: its role is gone."""
    GrantPassword.objects.filter(grant_id=number).exclude(sealed="").update(sealed="")


@command(PASSWORD_SHOWN)
def show_password(*, actor: Actor, grant: Grant, now: datetime) -> Changed:
    """Hand the password to the holder; the value is `Shown`. It is erased here with that, also if nobody reads on.

    Raises Forbidden for everybody but the holder and outside the grant's time, Conflict when it was shown before.
    """
    can_see_password(actor, grant, now).require()
    row = GrantPassword.objects.filter(grant=grant, generation=grant.generation, shown_at__isnull=True).first()
    if row is None or not row.sealed:
        raise Conflict("The password was shown already. Give the access back and ask again to get another.")
    try:
        password = unseal(row.sealed)
    except Unreadable:
        raise Conflict("The password cannot be read any more. Give the access back and ask again.") from None
    fresh = GrantPassword.objects.filter(pk=row.pk, sealed=row.sealed, shown_at__isnull=True)
    if not fresh.update(sealed="", shown_at=now):
        raise Conflict("The password was shown already.")
    return Changed(subject_of(grant), {"generation": grant.generation}, value=Shown(password))
