"""Encrypting every stored secret anew with the first key, so that an old key can be dropped."""

from datetime import datetime

from apps.connectors.events import ROTATED
from apps.connectors.rules import can_manage_connections
from apps.core import sealed
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.events import Subject


@command(ROTATED)
def rotate_credentials(*, actor: Actor, now: datetime) -> Changed:
    """Encrypt all secrets of all apps with the first key; the value is (rotated, names that no present key opens).

    Raises Forbidden. A secret that is replaced meanwhile keeps its new ciphertext: that has the first key already.
    """
    can_manage_connections(actor).require()
    rotated, failed = 0, []
    for place in sealed.SEALED:
        rows = place.model._default_manager
        stored = rows.exclude(**{place.column: ""}).order_by("pk").values_list("pk", place.label, place.column)
        for key, name, text in stored:
            try:
                fresh = sealed.rotate(text)
            except sealed.Unreadable:
                failed.append(str(name))
                continue
            rotated += rows.filter(**{"pk": key, place.column: text}).update(**{place.column: fresh})
    details: dict[str, object] = {"rotated": rotated, "failed": len(failed)}
    return Changed(Subject("connection", "", "all stored secrets"), details, (rotated, failed))
