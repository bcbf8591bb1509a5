"""Answers about everything, kept in Django's cache until something they depend on changes.

The privileged audit log is the revision: every command appends its event there in the transaction that changes the
rows, so whoever reads the newest event before the rows never keeps old rows under it. The cache only saves work: an
empty, cleared or absent one gives the same answers. Only for actors who see every row; what others see is asked anew.
"""

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

from apps.audit.models import Entry
from apps.core.actor import Actor
from apps.core.events import PRIVILEGED

T = TypeVar("T")
KEPT_SECONDS = 3600
#: More new events than this are not read one by one: what was kept is forgotten.
WINDOW = 500
DENIED = ".denied"


def revision(*prefixes: str) -> str:
    """Return a mark that changes with each event whose name begins with one of the prefixes; empty without events.

    One query. The mark is the hash of an event with its time and salt, so that it never comes again, not even in a
    database that was restored.
    """
    place = f"revision:{','.join(prefixes)}"
    known = cache.get(place)
    events = Entry.objects.filter(log=PRIVILEGED)
    if known is not None:
        seq, leaf, mark = known
        newer = list(events.filter(seq__gte=seq).order_by("seq").values_list("seq", "leaf", "action")[: WINDOW + 1])
        if newer and bytes(newer[0][1]).hex() == leaf and len(newer) <= WINDOW:
            told = [bytes(leaf).hex() for _, leaf, action in newer[1:] if _matters(action, prefixes)]
            mark = told[-1] if told else mark
            if len(newer) > 1:
                cache.set(place, (newer[-1][0], bytes(newer[-1][1]).hex(), mark), KEPT_SECONDS)
            return str(mark)
    last = events.order_by("-seq").values_list("seq", "leaf").first()
    if last is None:
        return ""
    mark = bytes(last[1]).hex()
    cache.set(place, (last[0], mark, mark), KEPT_SECONDS)
    return mark


def _matters(action: str, prefixes: tuple[str, ...]) -> bool:
    return action.startswith(prefixes) and not action.endswith(DENIED)


def kept(actor: Actor, name: str, prefixes: tuple[str, ...], make: Callable[[], T]) -> T:
    """Return what `make` answers, from the cache while no event of the prefixes happened; one query then.

    `name` is all that the answer depends on beside these events. For actors who do not see everything `make` is asked.
    """
    if not actor.sees_all:
        return make()
    mark = revision(*prefixes)
    if not mark:
        return make()
    place = f"kept:{name}:{mark}"
    found: tuple[T] | None = cache.get(place)
    if found is None:
        found = (make(),)
        cache.set(place, found, KEPT_SECONDS)
    return found[0]
