"""What the card of a request shows: the sentence, both sides, less access, the effect, and what may be done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.urls import reverse

from apps.access.models import AccessRequest, HeldOperation
from apps.access.queries.card import Card, Offer, card
from apps.access.queries.deciding import settled, stage_of
from apps.access.queries.held import held_of
from apps.access.queries.people import who_are
from apps.access.queries.signals import Signal
from apps.access.rules.requests import can_ask, can_refuse, has_fresh_proof, is_open, may_fill
from apps.access.states import OPEN_REQUESTS, REQUEST_TONES, ApproverRule, RequestState
from apps.access.web.once import runner_of
from apps.access.web.once import shown as payload_of
from apps.access.web.wish import PRESETS
from apps.access.web.words import PHRASES, clock_time, since, span, time_left
from apps.accounts.queries import factor_types
from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor
from apps.core.numbers import counted, plural
from apps.governance.operations import verb_of

REFUSALS = (
    "Not needed for the task",
    "Less access would do",
    "Not now, ask again later",
    "The asset is the wrong one",
)
#: What a signal is about, in a few words: against, and for.
TITLES = {
    "findings": ("Open findings", "No open findings"),
    "device": ("Device breaks its rules", "Device complies"),
    "factor": ("Second factor", "Second factor"),
    "duties": ("Conflict of duties", "No conflict of duties"),
    "usual": ("Outside the usual role", "Usual for the role"),
    "data": ("Personal data", "No personal data known"),
    "irreversible": ("Cannot be taken back", "Can be taken back"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """How the actor proves themselves anew before deciding: where, and why."""

    url: str
    label: str
    why: str


def title_of(signal: Signal) -> str:
    """Return what a signal is about."""
    return TITLES.get(signal.key, ("Look at this", "Checks out"))[0 if signal.against else 1]


def proof_step(actor: Actor, request: AccessRequest, now: datetime) -> Step | None:
    """Return the step-up that a decision still needs, None where the session is proven well enough."""
    fresh = has_fresh_proof(actor, request.tier, now)
    if fresh or actor.user_id is None:
        return None
    back = urlencode({"next": reverse("access:approval", args=[request.pk])})
    factors = factor_types(actor.user_id)
    if not factors:
        return Step(reverse("mfa_index"), "Set up a second factor", fresh.reason)
    if Authenticator.Type.WEBAUTHN in factors:
        return Step(f"{reverse('mfa_reauthenticate_webauthn')}?{back}", "Confirm with your passkey", fresh.reason)
    return Step(f"{reverse('mfa_reauthenticate')}?{back}", "Confirm your second factor", fresh.reason)


def card_context(request: AccessRequest, actor: Actor, now: datetime, said: str = "") -> dict[str, Any]:
    """Return everything the card shows. At most 60 queries, for one request."""
    shown = card(request, actor, now)
    opened, mine = is_open(request, now), may_fill(actor, request, now)
    due, due_tone = time_left(request.stage_due_at, now)
    state = RequestState(request.state)
    verb, preposition = PHRASES.get(request.operation, (verb_of(request.operation).lower(), ""))
    who = who_are([request.beneficiary_id])[request.beneficiary_id]
    may, held = bool(opened) and bool(mine), held_of(request)
    return {
        "req": request,
        "card": shown,
        "state": str(state.label),
        "tone": REQUEST_TONES[state],
        "waits": request.state in OPEN_REQUESTS,
        "asked": clock_time(request.created_at, now),
        "ago": since(request.created_at, now),
        "due": due,
        "due_tone": due_tone,
        "due_at": clock_time(request.stage_due_at, now),
        "verb": verb,
        "preposition": preposition,
        "job": who.job_title,
        "against": [(title_of(signal), signal.text) for signal in shown.look_at],
        "for_it": [(title_of(signal), signal.text) for signal in shown.checks_out],
        "less": _less(shown.less, request, once=held is not None) if may else None,
        "radius": _radius(shown),
        "talk": list(request.messages.select_related("author")),
        "may": may,
        "why_not": _why_not(request, opened.reason or mine.reason, now),
        "step": proof_step(actor, request, now) if may else None,
        "set_up": requires_second_factor(actor),
        "ask": can_ask(actor, request, now) if may else None,
        "refuse": can_refuse(actor, request, now) if may else None,
        "refusals": REFUSALS,
        **_given(request, shown, held),
        "said": said,
    }


def _why_not(request: AccessRequest, reason: str, now: datetime) -> str:
    return reason if request.state in OPEN_REQUESTS else settled(request, now)


def _given(request: AccessRequest, shown: Card, held: HeldOperation | None) -> dict[str, Any]:
    """Return what an approval would give: access for a time, or the operation once."""
    if held is None:
        length = f"for {span(request.minutes)}"
        return {"length": length, "shorter": _shorter(request), "effect": _effect(request, shown, once=False)}
    return {
        "payload": payload_of(held),
        "length": "once",
        "effect": _effect(request, shown, once=True),
    }


def _shorter(request: AccessRequest) -> list[tuple[int, str]]:
    return [(minutes, span(minutes)) for minutes in reversed(PRESETS) if minutes < request.minutes][:3]


def _less(offer: Offer | None, request: AccessRequest, *, once: bool) -> dict[str, Any] | None:
    """Return what would do instead; to run something once is less already than access to do it for a time."""
    if offer is None or (once and offer.operation == request.operation):
        return None
    route = {3: "It would be granted automatically.", 2: "It takes one approval."}.get(offer.tier, "")
    return {"offer": offer, "words": f"{offer.verb}, {span(offer.minutes)}.", "route": route}


def _effect(request: AccessRequest, shown: Card, *, once: bool) -> str:
    """Return what follows an approval: the next stage where there is one, then the grant, or the operation once."""
    need = int(str(stage_of(request).get("need", 1)))
    then = "Then " if request.stage < len(request.route) or need > 1 else ""
    first = ""
    if need > 1:
        first = f"This stage takes {plural(need, 'approval')}. "
    if request.stage < len(request.route):
        rule = str(request.route[request.stage]["rule"])
        first += f"Goes to the {ApproverRule(rule).label} for another approval. "
    effect = shown.effect.replace(f"{request.minutes} min", span(request.minutes))
    if once:
        runner = runner_of(request.asset, request.operation) or "A person, with proof,"
        effect = (
            f"{runner} runs exactly this once, not before the approval can no longer be undone. Nobody gets access."
        )
    return f"{first}{then}{effect[0].lower() + effect[1:] if then else effect}"


def _radius(shown: Card) -> str:
    found = shown.blast_radius
    if not found.total:
        return "Nothing is known to depend on this asset."
    kinds = ", ".join(f"{kind.lower()} {n}" for kind, n in found.by_kind)
    most = "at least " if found.more else ""
    names = f" Among them {', '.join(found.names)}." if found.names else ""
    production = f", {found.production} in production" if found.production else ""
    return f"Goes into {most}{counted(found.total, 'assets')} ({kinds}){production}.{names}"
