"""What a decision point is asked and what it answers: the entities of OpenID AuthZEN Authorization API 1.0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from apps.core.actor import Actor
from apps.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Entity:
    """A subject or a resource. `properties` are the caller's claims."""

    type: str
    id: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """What would be done."""

    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """One question. In a search the part that is looked for has no id, or no name."""

    subject: Entity
    action: Action
    resource: Entity
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, and what explains it. A denial is an answer, never an error."""

    decision: bool
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Part of what a search found, in a stable order; `after` continues it, empty at the end."""

    found: Sequence[str]
    after: str = ""


class Domain(Protocol):
    """Resources of one type, and how questions about them are answered.

    Every method takes the caller, who learns nothing about what they may not see: unknown and hidden are both a no.
    """

    def decide(self, caller: Actor, questions: Sequence[Question], now: datetime) -> list[Answer]:
        """Answer questions in their order, in a bounded number of queries."""

    def subjects(self, caller: Actor, question: Question, now: datetime, after: str, limit: int) -> Page:
        """Return ids of subjects of the asked type that may do this."""

    def resources(self, caller: Actor, question: Question, now: datetime, after: str, limit: int) -> Page:
        """Return ids of resources the subject may do this to."""

    def actions(self, caller: Actor, question: Question, now: datetime, after: str, limit: int) -> Page:
        """Return names of what the subject may do to the resource."""


#: Domains by the type of the resource.
DOMAINS: Registry[Domain] = Registry("decision domain")
UNKNOWN_TYPE = Answer(False, {"reason": "This type of resource is not known here."})


def decide(caller: Actor, questions: Sequence[Question], now: datetime) -> list[Answer]:
    """Answer questions about any types, in their order; each domain is asked once."""
    by_type: dict[str, list[int]] = {}
    for place, question in enumerate(questions):
        by_type.setdefault(question.resource.type, []).append(place)
    answers: list[Answer] = [UNKNOWN_TYPE] * len(questions)
    for kind, places in by_type.items():
        domain = DOMAINS.get(kind)
        if domain is None:
            continue
        for place, answer in zip(places, domain.decide(caller, [questions[i] for i in places], now), strict=True):
            answers[place] = answer
    return answers
