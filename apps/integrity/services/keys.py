"""Trusting and retiring signing keys. A key is never deleted: what it once made valid stays explainable."""

from datetime import datetime

from django.db import IntegrityError, transaction

from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import Subject
from apps.integrity.events import KEY_RETIRED, KEY_TRUSTED
from apps.integrity.models import TrustedKey
from apps.integrity.rules import can_manage_keys
from apps.integrity.services.judging import rejudge
from apps.integrity.verification.keys import NotAKey, read_key

SUBJECT = "trusted_key"


@command(KEY_TRUSTED)
def trust_key(*, actor: Actor, now: datetime, name: str, pem: str, is_sample: bool = False) -> Changed:
    """Trust a public key or root certificate and judge again what it may have signed; the value is the TrustedKey.

    Raises Forbidden, Invalid for a text that holds no such key (`pem`) or a bad name (`name`), Conflict when it is
    trusted already.
    """
    can_manage_keys(actor).require()
    name = name.strip()
    if not name or len(name) > 200:
        raise Invalid("Give the key a name.", name="A name of at most 200 characters says whose key this is.")
    try:
        found = read_key(pem)
    except NotAKey as problem:
        raise Invalid("This cannot be trusted.", pem=str(problem)) from None
    try:
        with transaction.atomic():
            key = TrustedKey.objects.create(
                name=name, kind=found.kind, pem=found.pem, fingerprint=found.fingerprint, subject=found.subject,
                algorithm=found.algorithm, not_after=found.not_after, is_sample=is_sample, added_by=actor.label[:200],
                added_by_id=actor.id[:64], added_at=now,
            )  # fmt: skip
    except IntegrityError:
        if TrustedKey.objects.in_force().filter(fingerprint=found.fingerprint).exists():
            raise Conflict("This key is trusted already.") from None
        raise Conflict("Another trusted key has this name.") from None
    moved = rejudge(key, now)
    details = {
        "name": name, "kind": str(found.kind), "fingerprint": found.fingerprint, "rejudged": moved["rejudged"],
        "now_valid": moved["now_valid"],
    }  # fmt: skip
    return Changed(Subject(SUBJECT, str(key.pk), name), details, key, "", "trusted")


@command(KEY_RETIRED)
def retire_key(*, actor: Actor, now: datetime, key: TrustedKey) -> Changed:
    """Trust a key no longer; signatures that only it made valid are judged again and fail. The value are the counts.

    Raises Forbidden, NotFound, Conflict when it is retired already.
    """
    can_manage_keys(actor).require()
    if not TrustedKey.objects.filter(pk=key.pk).exists():
        raise NotFound("There is no such key.")
    if not TrustedKey.objects.in_force().filter(pk=key.pk).update(retired_at=now, retired_by=actor.label[:200]):
        raise Conflict("This key is retired already.")
    moved = rejudge(key, now)
    details = {
        "name": key.name, "fingerprint": key.fingerprint, "rejudged": moved["rejudged"],
        "no_longer_valid": moved["no_longer_valid"],
    }  # fmt: skip
    return Changed(Subject(SUBJECT, str(key.pk), key.name), details, moved, "trusted", "retired")
