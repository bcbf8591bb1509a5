"""What the pages of exceptions say: facts, history, and how long is left."""

from typing import Any

from apps.core.actor import Actor
from apps.core.ui.words import day_text
from apps.governance.models import RiskException
from apps.governance.states import Vote


def history(row: RiskException) -> list[dict[str, Any]]:
    """Return what happened to an exception, newest first."""
    found = [{"at": row.asked_at, "text": f"Asked for: {row.because}", "actor": row.asked_by.name}]
    for vote in row.votes.all():
        word = "Signed as CISO" if vote.as_ciso and vote.choice == Vote.SIGN else str(vote.get_choice_display())
        text = f"{word}: {vote.reason}" if vote.reason else word
        found.append({"at": vote.at, "text": text, "actor": vote.voter.name})
    if row.active_at is not None:
        found.append({"at": row.active_at, "text": f"In force until {day_text(row.ends_on)}", "actor": ""})
    if row.ended_at is not None:
        text = f"{row.get_end_reason_display()}: {row.end_note}" if row.end_note else str(row.get_end_reason_display())
        found.append({"at": row.ended_at, "text": text, "actor": row.ended_by})
    return list(reversed(found))


def missing(row: RiskException) -> str:
    """Return whose signature an exception that waits still needs."""
    votes = [vote for vote in row.votes.all() if vote.choice == Vote.SIGN]
    if row.needed == 1:
        return "One signature: the CISO's, or that of a manager of its team."
    if not votes:
        return "Two signatures: the CISO's, and that of another CISO or of a manager of its team."
    if any(vote.as_ciso for vote in votes):
        return "One more signature: of another CISO, or of a manager of its team."
    return "One more signature: the CISO's."


def may_read_log(actor: Actor) -> bool:
    """Return whether the actor reads the whole audit log."""
    return actor.sees_all
