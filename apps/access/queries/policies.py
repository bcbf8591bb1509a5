"""Policies as pages show them: those in force with how often they decided, versions with their differences, changes."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from difflib import unified_diff

from django.db.models import QuerySet

from apps.access.models import AccessRequest, PolicyChange, PolicyVersion
from apps.access.policies.language import PolicyText, Texts
from apps.access.policies.replay import WINDOW
from apps.access.policies.validation import effect_of
from apps.access.states import PolicyChangeState
from apps.audit.models import Entry
from apps.audit.queries.events import describe
from apps.core.actor import Actor
from apps.core.errors import NotFound

#: Refused attempts read for the counts, newest first.
_ATTEMPTS = 2000


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy in force: `decided` is how many requests of the last 90 days it let through, or attempts it refused."""

    slug: str
    policy: PolicyText
    effect: str
    decided: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one policy between two sets: added, removed or edited, with the lines."""

    slug: str
    kind: str
    title: str
    lines: str


def version_in_force() -> PolicyVersion:
    """Return the version in force with its texts. Raises NotFound where there is none. One query."""
    version = PolicyVersion.objects.select_related("proposed_by", "confirmed_by").first()
    if version is None:
        raise NotFound("No policies are in force.")
    return version


def rows_of(version: PolicyVersion, now: datetime) -> list[PolicyRow]:
    """Return the policies of a version, forbidding ones first, with their counts. Two queries."""
    let_through = AccessRequest.objects.filter(created_at__gt=now - WINDOW).order_by()
    counts = Counter(slug for slugs in let_through.values_list("policy_ids", flat=True) for slug in slugs)
    refusals = _refusals(now)
    rows = []
    for slug, policy in version.texts.items():
        refused = sum(policy["reason"] in reason for reason in refusals)
        rows.append(PolicyRow(slug, policy, effect_of(policy["text"]), counts[slug] + refused))
    return sorted(rows, key=lambda row: (row.effect, row.slug))


def _refusals(now: datetime) -> list[str]:
    """Return the reasons with which attempts to ask were refused: no request came of them, only the audit log knows."""
    attempts = Entry.objects.filter(action="access.request.submitted.denied", at__gt=now - WINDOW)
    newest = attempts.select_related("details").order_by("-at", "-pk")[:_ATTEMPTS]
    return [describe(entry).reason for entry in newest]


def versions(actor: Actor) -> QuerySet[PolicyVersion]:
    """Return all versions, newest first, without their texts. One query."""
    rows = PolicyVersion.objects.defer("texts").select_related("proposed_by", "confirmed_by")
    return rows if actor.sees_all else rows.none()


def version_with_previous(actor: Actor, number: int) -> tuple[PolicyVersion, PolicyVersion | None]:
    """Return a version and the one before it. Raises NotFound. One query."""
    rows = PolicyVersion.objects.select_related("proposed_by", "confirmed_by").filter(number__in=(number, number - 1))
    found = {row.number: row for row in rows} if actor.sees_all else {}
    if number not in found:
        raise NotFound("There is no such version of the policies.")
    return found[number], found.get(number - 1)


def open_change() -> PolicyChange | None:
    """Return the change that waits for a second administrator. One query."""
    waiting = PolicyChange.objects.filter(state=PolicyChangeState.PROPOSED)
    return waiting.select_related("proposed_by", "based_on").first()


def changes(actor: Actor) -> QuerySet[PolicyChange]:
    """Return all changes, newest first. One query."""
    rows = PolicyChange.objects.defer("texts", "effect").select_related("proposed_by", "decided_by")
    return rows if actor.sees_all else rows.none()


def find_change(actor: Actor, pk: int) -> PolicyChange:
    """Return a change with the version it is based on. Raises NotFound. One query."""
    rows = PolicyChange.objects.select_related("proposed_by", "decided_by", "based_on").filter(pk=pk)
    found = rows.first() if actor.sees_all else None
    if found is None:
        raise NotFound("There is no such change of the policies.")
    return found


def differences(before: Texts, after: Texts) -> list[Difference]:
    """Return which policies differ between two sets, by slug. No query."""
    found = []
    for slug in sorted({*before, *after}):
        old, new = before.get(slug), after.get(slug)
        if old == new:
            continue
        kind = "edited" if old and new else "added" if new else "removed"
        lines = unified_diff(_lines(old), _lines(new), lineterm="", n=1000)
        shown = "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))
        title = (new or old or {"title": slug})["title"]
        found.append(Difference(slug, kind, str(title), shown))
    return found


def _lines(policy: PolicyText | None) -> list[str]:
    if policy is None:
        return []
    words = [f"Title: {policy['title']}", f"Reason: {policy['reason']}", f"Remedy: {policy['remedy'] or '–'}"]
    asked = "yes" if policy["requestable"] else "no"
    return [*words, f"Can be met by asking differently: {asked}", "", *policy["text"].splitlines()]
