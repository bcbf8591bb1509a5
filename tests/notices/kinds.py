"""Kinds of notices as an upper app would register them, about users: a subject kind of which tests know who sees it."""

from collections.abc import Iterable
from typing import Any

from apps.accounts.models import User
from apps.core.actor import Actor, system
from apps.core.command import Changed, command
from apps.core.events import Subject, declare
from apps.core.notices import NOTICE_KINDS, NoticeKind, Templates, register_kind
from apps.notices.services import owe

HAPPENED = declare("test.notice.happened", "Happened in a test")
SYSTEM = system("test")

ASKED = NoticeKind(
    "test.asked",
    "Requests that wait for you",
    Templates("Approve? {who}, {what}, {hours} h", ("Reason: {why}", "Look at: {signals}")),
)
GRANTED = NoticeKind("test.granted", "Your own access", Templates("You have {what}"), may_opt_out=False)
QUIET = NoticeKind("test.quiet", "Weekly summary", Templates("This week: {what}"), default_on=False)


def registered() -> None:
    """Register the kinds of the tests, once."""
    for kind in (ASKED, GRANTED, QUIET):
        if kind.key not in NOTICE_KINDS:
            register_kind(kind)


def about(user: User) -> Subject:
    """Return the user as a subject."""
    return Subject("user", str(user.pk), user.name)


def tell(
    to: Iterable[User],
    subject: User,
    *,
    kind: NoticeKind = ASKED,
    once_key: str = "fact-1",
    actor: Actor = SYSTEM,
    **facts: Any,
) -> Any:
    """Owe a fact in a command of its own, as a change would."""
    given = {"who": "Jonas", "what": "deploy credit-risk-scorer", "hours": 4, **facts}
    return happen(
        actor=actor, kind=kind.key, to=[user.pk for user in to], about=about(subject), facts=given, key=once_key
    )


@command(HAPPENED)
def happen(
    *, actor: Actor, now: Any, kind: str, to: Any, about: Subject, facts: Any, key: str, fail: bool = False
) -> Changed:
    """A change that owes a notice; it may fail after that."""
    count = owe(
        actor=actor, now=now, kind=kind, to_user_ids=to, subject=about, facts=facts, url="/posture", once_key=key
    ).value
    if fail:
        raise RuntimeError("the change failed after all")
    return Changed(about, value=count)
