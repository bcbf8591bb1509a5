"""The version in force, its texts parsed once per digest in each process."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from apps.access.models import PolicyVersion
from apps.access.policies.language import ParsedPolicies, parse

_KEPT = 8
_parsed: OrderedDict[str, ParsedPolicies] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class InForce:
    """A version's number with its policies, parsed."""

    number: int
    policies: ParsedPolicies


def load(version: PolicyVersion) -> InForce:
    """Return a version parsed. Reads its texts only when its digest was not met before. Raises ValueError when they
    are not Cedar."""
    with _lock:
        known = _parsed.get(version.digest)
        if known is not None:
            _parsed.move_to_end(version.digest)
            return InForce(version.number, known)
    fresh = parse(version.texts)
    with _lock:
        _parsed[version.digest] = fresh
        while len(_parsed) > _KEPT:
            _parsed.popitem(last=False)
    return InForce(version.number, fresh)


def current() -> PolicyVersion | None:
    """Return the version in force, its texts not yet read: the newest, for a version is in force once confirmed.

    One query.
    """
    return PolicyVersion.objects.defer("texts").order_by("-number").first()


def in_force() -> InForce | None:
    """Return the version in force, parsed; one query, two when it is new to this process."""
    version = current()
    return load(version) if version else None
