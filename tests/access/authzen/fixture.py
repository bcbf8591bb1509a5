"""The fixture of the AuthZEN certification scenario as a domain of its own, decided by Cedar.

Users alice and bob (an administrator), records one of which is archived, and eight fixed decisions.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import cedarpy

from apps.access.decisions.questions import Action, Answer, Entity, Page, Question
from apps.core.actor import Actor

POLICIES = """
permit (principal, action == Action::"read", resource);
permit (principal == User::"alice", action == Action::"write", resource)
  unless { resource has status && resource.status == "archived" };
permit (principal, action == Action::"write", resource)
  when { principal has role && principal.role == "admin" && resource has status && resource.status == "archived" };
permit (principal == User::"alice", action == Action::"delete", resource)
  when { context has soft && context.soft };
"""
USERS = {"alice": {}, "bob": {"role": "admin"}}
RECORDS = {"record-1": {"status": "active"}, "record-2": {"status": "archived"}}


class RecordDomain:
    """Decides about records; unlike assets, what the caller says of an entity counts, as the scenario wants."""

    def decide(self, caller: Actor, questions: Sequence[Question], now: datetime) -> list[Answer]:
        """Answer each by Cedar."""
        return [Answer(self._allowed(question)) for question in questions]

    def _allowed(self, question: Question) -> bool:
        if question.subject.type != "user" or question.subject.id not in USERS:
            return False
        entities = [
            _entity("User", question.subject, {}),
            _entity("Record", question.resource, RECORDS.get(question.resource.id, {})),
        ]
        request = {
            "principal": f'User::"{question.subject.id}"',
            "action": f'Action::"{question.action.name}"',
            "resource": f'Record::"{question.resource.id}"',
            "context": dict(question.action.properties),
        }
        return bool(cedarpy.is_authorized(request, POLICIES, entities).allowed)

    def subjects(self, caller: Actor, question: Question, now: datetime, after: str, limit: int) -> Page:
        """Try every user."""
        asked = [(one, Entity("user", one, USERS[one])) for one in sorted(USERS)] * (question.subject.type == "user")
        return _page(
            [one for one, subject in asked if self._allowed(_replaced(question, subject=subject))], after, limit
        )

    def resources(self, caller: Actor, question: Question, now: datetime, after: str, limit: int) -> Page:
        """Try every record."""
        asked = [(one, Entity("record", one, RECORDS[one])) for one in sorted(RECORDS)]
        return _page(
            [one for one, record in asked if self._allowed(_replaced(question, resource=record))], after, limit
        )

    def actions(self, caller: Actor, question: Question, now: datetime, after: str, limit: int) -> Page:
        """Try every action."""
        names = ("delete", "read", "write")
        return _page([one for one in names if self._allowed(_replaced(question, action=Action(one)))], after, limit)


def _replaced(question: Question, **parts: Any) -> Question:
    return Question(
        parts.get("subject", question.subject),
        parts.get("action", question.action),
        parts.get("resource", question.resource),
        question.context,
    )


def _entity(kind: str, entity: Entity, stored: dict[str, str]) -> dict[str, Any]:
    return {"uid": {"type": kind, "id": entity.id}, "attrs": {**stored, **entity.properties}, "parents": []}


def _page(found: list[str], after: str, limit: int) -> Page:
    rest = [one for one in found if one > after]
    return Page(rest[:limit], rest[limit - 1] if len(rest) > limit else "")
