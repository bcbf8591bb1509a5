"""How fresh the proof of a second factor must be for a decision that gives something."""

from datetime import datetime

from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Strength
from apps.core.decision import ALLOWED, Decision, refused
from apps.governance.tiers import TIERS


def has_fresh_proof(actor: Actor, tier: int, now: datetime) -> Decision:
    """A decision needs a second factor proven within 15 minutes; at tier 1 a passkey, or within 5 minutes.

    `authenticated_at` is when the session was last proven (NIST SP 800-63B, reauthentication).
    """
    strong = requires_second_factor(actor)
    if not strong:
        return strong
    proof_age = TIERS[tier].proof_age
    if tier == 1 and actor.strength is Strength.PHISHING_RESISTANT:
        proof_age = TIERS[2].proof_age
    if actor.authenticated_at is None or now - actor.authenticated_at > proof_age:
        minutes = int(proof_age.total_seconds()) // 60
        return refused(f"Confirm your second factor first: it must be proven within {minutes} minutes.")
    return ALLOWED
