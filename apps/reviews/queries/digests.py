"""Digests of what was shown: by SQL when a campaign is staged, by Python for whoever checks it.

The digest of an item is the SHA-256 of its snapshot as netstrings (`length in characters:text,`) in the order of
SNAPSHOT: numbers in decimal, true as 1, ids without hyphens, instants as `2026-11-20T06:12:00Z`, what is not known as
the empty text. The snapshot hash of a campaign is the SHA-256 of its items' digests, each followed by a line feed, in
the order of their numbers.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, TextField, Value, When

from apps.reviews.models import Campaign, Item
from apps.reviews.queries.words import Instant, Sha256, key, netstring, text

PLAIN = (
    "subject_kind",
    "subject_id",
    "holder_kind",
    "holder_label",
    "holder_title",
    "holder_team",
    "holder_login",
    "holder_email",
    "asset_label",
    "operation",
    "privileged",
    "origin",
    "reasons",
)
IDS = ("holder_person_id", "holder_user_id", "asset_id", "sole_approver_id", "sole_principal_id")
NUMBERS = ("tier", "peers_with", "peers_of")
FLAGS = ("never_used",)
INSTANTS = ("granted_at", "expires_at", "last_used_at")
SNAPSHOT = (*PLAIN, *IDS, *NUMBERS, *FLAGS, *INSTANTS)


def digest_expression() -> Any:
    """Return the digest of an item as the database computes it."""
    parts = [text(F(name)) for name in PLAIN]
    parts += [text(key(name)) for name in IDS]
    parts += [text(F(name)) for name in NUMBERS]
    one, nil = Value("1", output_field=TextField()), Value("0", output_field=TextField())
    parts += [Case(When(**{name: True}, then=one), default=nil) for name in FLAGS]
    parts += [text(Instant(F(name))) for name in INSTANTS]
    return Sha256(netstring(parts))


def digest_of(item: Item) -> str:
    """Return the digest of an item, computed here from its columns."""
    values = [word(getattr(item, name)) for name in SNAPSHOT]
    return hashlib.sha256("".join(f"{len(value)}:{value}," for value in values).encode()).hexdigest()


def word(value: Any) -> str:
    """Return a value of the snapshot as its digest spells it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def snapshot_hash(campaign: Campaign) -> str:
    """Return the hash over a campaign's items as they are stored. One query, read as a stream."""
    found = hashlib.sha256()
    rows = Item.objects.filter(campaign=campaign).order_by("number").values_list("digest", flat=True)
    for digest in rows.iterator(chunk_size=10_000):
        found.update(digest.encode() + b"\n")
    return found.hexdigest()
