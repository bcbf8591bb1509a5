"""Short words for asking policies without a database."""

from datetime import UTC, datetime
from typing import Any

from apps.access.policies import Ctx, PolicyAnswer, Principal, Question, Resource, evaluate_many
from apps.access.policies.language import PolicyText, Texts, default_texts, parse
from apps.access.policies.versions import InForce

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ENGINEER = {"roles": frozenset({"engineer"}), "factor": "strong"}


def principal(kind: str = "User", **facts: Any) -> Principal:
    """Return an engineer with an authenticator app, unless told otherwise."""
    defaults = ENGINEER if kind == "User" else {"roles": frozenset({"service"})} if kind == "ServiceAccount" else {}
    return Principal(kind=kind, id="who", **{**defaults, **facts})


def resource(tier: int = 3, **facts: Any) -> Resource:
    """Return a model whose deployed version is signed."""
    return Resource(**{"id": "what", "kind": "model", "tier": tier, "signed": "yes", **facts})


def in_force(texts: Texts | None = None, number: int = 1) -> InForce:
    """Return a set as a version; the one the portal ships with by default."""
    return InForce(number, parse(texts if texts is not None else default_texts()))


def answer(
    operation: str,
    who: Principal | None = None,
    what: Resource | None = None,
    *,
    texts: Texts | None = None,
    minutes: int = 60,
    **context: Any,
) -> PolicyAnswer:
    """Ask one question."""
    question = Question(who or principal(), operation, what or resource(), Ctx(minutes, **context), AT)
    return evaluate_many([question], version=in_force(texts))[0]


def policy(text: str, reason: str = "Because", **more: Any) -> PolicyText:
    """Return a policy with unremarkable words."""
    return PolicyText(title="A policy", reason=reason, remedy="", requestable=False, text=text, **more)
