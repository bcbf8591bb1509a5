"""Asking for an exception: by the owner, with a compensating check that is met now, within the longest time allowed."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import TeamMembership, User
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Forbidden, Invalid, NotFound
from apps.governance.events import EXCEPTION_ASKED
from apps.governance.models import ExceptionNumber, RiskException
from apps.governance.queries.exceptions import open_exception, signers
from apps.governance.queries.limits import max_days
from apps.governance.references import CHECKS, RESULTS, Evidence, Reference, find
from apps.governance.rules.exceptions import can_ask, signatures
from apps.governance.services.telling import subject_of, tell_waiting
from apps.governance.states import ExceptionState

MAX_REASON = 2000


@command(EXCEPTION_ASKED)
def ask(*, actor: Actor, kind: str, key: str, reason: str, compensating: str, ends_on: date, now: datetime) -> Changed:
    """Ask for an exception; the value is the RiskException, which accepts nothing before it is signed.

    `compensating` names a check as `references.Evidence.value` does. Raises NotFound where the actor does not see what
    it is about, Forbidden, Invalid for a missing reason, a check that may not compensate or a bad end date, Conflict
    where another exception stands or nobody could sign this one.
    """
    reference = find(actor, kind, key)
    if reference is None:
        raise NotFound("There is nothing like this that an exception could be about.")
    can_ask(actor, reference, open_exception(kind, key)).require()
    if actor.user_id is None:
        raise Forbidden("Only a person does this.")
    asker = User.objects.get(pk=actor.user_id)
    evidence = _compensating(reference, compensating)
    fields: dict[str, Any] = {
        "because": _reason(reason),
        "ends_on": _end(reference, ends_on, now),
        "comp_check": evidence.check_id,
        "comp_kind": evidence.subject_kind,
        "comp_id": evidence.subject_id,
        "comp_label": evidence.label[:700],
        "team_id": _team(reference, asker),
    }
    if not signers(fields["team_id"]).exclude(pk=asker.pk).exists():
        raise Conflict("Nobody could sign this: there is no CISO and no manager of the team.")
    row = _insert(reference, asker, now, fields)
    tell_waiting(actor=actor, row=row, now=now)
    details: dict[str, object] = {
        "about": str(row.kind), "key": row.key, "severity": row.severity, "ends_on": row.ends_on.isoformat(),
        "compensating_check": row.comp_check, "compensating_subject": f"{row.comp_kind}:{row.comp_id}",
        "needed": row.needed, "reason": row.because,
    }  # fmt: skip
    return Changed(subject_of(row), details, value=row, after=ExceptionState.ASKED)


def _reason(reason: str) -> str:
    text = reason.strip()
    if not text or len(text) > MAX_REASON:
        raise Invalid(
            "Say why the risk is acceptable for now.", reason=f"Give a reason of at most {MAX_REASON} characters."
        )
    return text


def _compensating(reference: Reference, given: str) -> Evidence:
    """Return the chosen check; only what is offered for this reference counts, whatever was sent."""
    for option in RESULTS[CHECKS].options(reference):
        if option.value == given:
            return option
    why = "Choose a check that is met now and makes up for this."
    raise Invalid(why, compensating=why)


def _end(reference: Reference, ends_on: date, now: datetime) -> date:
    days = max_days()[reference.severity]
    last = now.date() + timedelta(days=days)
    if not now.date() < ends_on <= last:
        why = f"Choose a day after today, at the latest {last.isoformat()} ({days} days at this severity)."
        raise Invalid(why, ends_on=why)
    return ends_on


def _team(reference: Reference, asker: User) -> int | None:
    """Return the team whose manager signs: of what it is about, else the first of the asker's."""
    if reference.team_id is not None:
        return reference.team_id
    return TeamMembership.objects.filter(user=asker).order_by("pk").values_list("team_id", flat=True).first()


def _insert(reference: Reference, asker: User, now: datetime, fields: dict[str, Any]) -> RiskException:
    covered = reference.covered
    try:
        with transaction.atomic():
            return RiskException.objects.create(
                number=_next_number(),
                kind=reference.kind,
                key=reference.key,
                label=reference.label[:700],
                severity=reference.severity,
                covers_check=covered.check_id if covered else "",
                covers_kind=covered.subject_kind if covered else "",
                covers_id=covered.subject_id if covered else None,
                asked_by=asker,
                asked_at=now,
                needed=signatures(reference.severity),
                **fields,
            )
    except IntegrityError:
        raise Conflict("Somebody asked for an exception from this at the same moment.") from None


def _next_number() -> int:
    ExceptionNumber.objects.get_or_create(pk=1)
    row = ExceptionNumber.objects.select_for_update(no_key=True).get(pk=1)
    row.last += 1
    row.save(update_fields=["last"])
    return row.last
