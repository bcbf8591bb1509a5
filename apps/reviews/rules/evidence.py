"""Who may take the evidence of a review away, and from when on it is whole."""

from apps.core.actor import WIDE_ROLES, Actor
from apps.core.decision import ALLOWED, Decision, refused
from apps.reviews.models import Campaign
from apps.reviews.states import AFTER_SEALING, CampaignState

#: States in which no answer changes any more.
WITH_EVIDENCE = (*AFTER_SEALING, CampaignState.CLOSED)


def may_take_evidence(actor: Actor) -> Decision:
    """Evidence tells of everyone in the review: for those who see the whole log, and a person must answer for it."""
    if actor.kind == "person" and actor.has(*WIDE_ROLES):
        return ALLOWED
    return refused("Evidence of a review is for the CISO, security administrators and auditors.")


def has_evidence(campaign: Campaign) -> bool:
    """Return whether the answers of a review are sealed, so that its evidence says the same tomorrow."""
    return campaign.state in WITH_EVIDENCE
