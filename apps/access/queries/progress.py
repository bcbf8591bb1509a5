"""How far a request is, step by step, with who has it now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.access.models import AccessRequest, Asked, Vote
from apps.access.queries.approvers import usual_minutes
from apps.access.queries.forecast import DAYS
from apps.access.states import OPEN_REQUESTS, ApproverRule, Choice


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody a stage is put to, in how many minutes they usually answer, and for whom they stand in."""

    name: str
    usual: int | None
    on_behalf_of: str


@dataclass(frozen=True, slots=True)
class StageProgress:
    """A stage of a request's route: how many approvals it needs and has, who has it, who decided and when."""

    number: int
    rule: str
    need: int
    state: str
    people: tuple[Person, ...]
    votes: tuple[Vote, ...]
    answer_minutes: int
    escalate_to: str
    escalated: bool

    @property
    def done(self) -> bool:
        """Return whether the stage is passed."""
        return self.state == "done"


def stages_of(request: AccessRequest, now: datetime) -> list[StageProgress]:
    """Return the stages of a request in their order. Three queries."""
    asked = list(Asked.objects.filter(request_id=request.pk).select_related("user", "on_behalf_of").order_by("pk"))
    votes = list(Vote.objects.filter(request_id=request.pk).select_related("voter").order_by("pk"))
    usual = usual_minutes([row.user_id for row in asked], now - timedelta(days=DAYS))
    found = []
    for number, stage in enumerate(request.route, 1):
        people = tuple(
            Person(row.user.name, usual.get(row.user_id), row.on_behalf_of.name if row.on_behalf_of else "")
            for row in asked
            if row.stage == number
        )
        found.append(
            StageProgress(
                number=number,
                rule=_label(str(stage["rule"])),
                need=int(stage["need"]),
                state=_state(request, number),
                people=people,
                votes=tuple(vote for vote in votes if vote.stage == number and vote.choice != Choice.WITHDRAW),
                answer_minutes=int(stage.get("answer_minutes") or 0),
                escalate_to=_label(str(stage.get("escalate_to") or "")),
                escalated=request.escalated_at is not None and number == request.stage,
            )
        )
    return found


def _label(rule: str) -> str:
    return ApproverRule(rule).label if rule in ApproverRule.values else ""


def _state(request: AccessRequest, number: int) -> str:
    """Return done, open, stopped (decided against or ended here) or later."""
    if request.state == "approved" or number < request.stage:
        return "done"
    if number > request.stage:
        return "later"
    return "open" if request.state in OPEN_REQUESTS else "stopped"
