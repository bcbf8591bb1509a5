"""Asking for exceptions about several things at once: one for each, all of them or none."""

from collections.abc import Sequence
from datetime import date, datetime

from apps.core.actor import Actor
from apps.core.command import Unchanged, command
from apps.core.errors import Conflict, Forbidden, Invalid, NotFound
from apps.governance.events import EXCEPTION_ASKED
from apps.governance.references import CHECKS, RESULTS, Reference, find
from apps.governance.services.asking import ask

MOST_AT_ONCE = 25


@command(EXCEPTION_ASKED)
def ask_for_many(
    *, actor: Actor, kind: str, keys: Sequence[str], reason: str, check_id: str, ends_on: date, now: datetime
) -> Unchanged:
    """Ask for an exception about each of some references of one kind; the value is the list of RiskExceptions.

    Each has its own number, event and signatures. `check_id` compensates, and has to be met now about every one of
    them. Raises as `ask`, with the name of what was refused; nothing is asked for then.
    """
    chosen = list(dict.fromkeys(keys))
    if not 0 < len(chosen) <= MOST_AT_ONCE:
        raise Invalid(f"Choose from 1 to {MOST_AT_ONCE}.")
    return Unchanged(value=[_ask(actor, kind, key, reason, check_id, ends_on, now) for key in chosen])


def _ask(actor: Actor, kind: str, key: str, reason: str, check_id: str, ends_on: date, now: datetime) -> object:
    reference = find(actor, kind, key)
    if reference is None:
        raise NotFound("There is nothing like this that an exception could be about.")
    about = {"compensating": _value(reference, check_id), "ends_on": ends_on, "reason": reason}
    try:
        return ask(actor=actor, kind=kind, key=key, now=now, **about).value
    except (Invalid, Conflict, Forbidden) as refusal:
        raise type(refusal)(f"{reference.label}: {refusal.reason}", **refusal.fields) from None


def _value(reference: Reference, check_id: str) -> str:
    found = (one.value for one in RESULTS[CHECKS].options(reference) if one.check_id == check_id)
    return next(found, "")
