"""Who may break the glass, who lets them beforehand, and who looks at it afterwards."""

from datetime import datetime, timedelta

from apps.access.models import AfterReview, EmergencyPermit
from apps.access.queries.emergency import open_review_of, permit_of, permits_concerned
from apps.access.queries.people import is_among
from apps.access.states import AfterReviewState
from apps.accounts.models import User
from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role, Strength
from apps.core.decision import ALLOWED, Decision, refused
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Asset
from apps.inventory.states import AssetKind

#: Longest emergency access, and how old the proof of the phishing-resistant factor may be.
MAX_MINUTES = 60
FRESH = timedelta(minutes=5)


def may_ever(actor: Actor, now: datetime) -> Decision:
    """People with a confirmed permit, and no open after-review: what a page asks before it shows the button."""
    if actor.user_id is None or actor.kind != User.Kind.PERSON:
        return refused("Only people use emergency access.")
    if permit_of(actor.user_id, now) is None:
        return refused("You have no emergency permit; a security administrator proposes one, another confirms it.")
    if open_review_of(actor.user_id) is not None:
        return refused("The review of your last emergency access is still open.")
    return ALLOWED


def can_break_glass(actor: Actor, asset: Asset, operation: str, minutes: int, now: datetime) -> Decision:
    """Who may ever, with a phishing-resistant factor proven minutes ago, for what is done to this kind of asset."""
    ever = may_ever(actor, now)
    if not ever:
        return ever
    if actor.strength is not Strength.PHISHING_RESISTANT:
        return refused("Sign in with a passkey or security key: emergency access needs a phishing-resistant factor.")
    if actor.authenticated_at is None or now - actor.authenticated_at > FRESH:
        return refused("Confirm with your passkey or security key again first.")
    if operation not in OPERATIONS or AssetKind(asset.kind) not in OPERATIONS[operation].kinds:
        return refused("This is not done to this kind of asset.")
    if asset.gone_at is not None:
        return refused("No source shows this asset any more.")
    if not 1 <= minutes <= MAX_MINUTES:
        return refused(f"Emergency access lasts 1 to {MAX_MINUTES} minutes.")
    return ALLOWED


def can_propose_permit(actor: Actor, user: User) -> Decision:
    """Security administrators, for another active person."""
    if not actor.has(Role.SECURITY_ADMIN):
        return refused("Only a security administrator proposes emergency permits.")
    if is_among(actor.user_id, [user.pk]):
        return refused("Nobody proposes a permit for themselves, also not by another account.")
    if not user.is_active or user.kind != User.Kind.PERSON:
        return refused("A permit is for an active person.")
    return requires_second_factor(actor)


def can_confirm_permit(actor: Actor, permit: EmergencyPermit, now: datetime) -> Decision:
    """Another security administrator or the CISO: neither who proposed it nor whom it is for."""
    if permit.confirmed_at is not None or permit.ended_at is not None or permit.until_on < now.date():
        return refused("This permit is confirmed or over.")
    if not actor.has(Role.SECURITY_ADMIN, Role.CISO):
        return refused("A permit is confirmed by another security administrator or the CISO.")
    if is_among(actor.user_id, [permit.proposed_by_id, permit.user_id]):
        return refused("A permit is confirmed by somebody other than the proposer and the person themselves.")
    return requires_second_factor(actor)


def can_end_permit(actor: Actor, permit: EmergencyPermit) -> Decision:
    """Security administrators, the CISO, and the person themselves, at once and alone: it only takes away."""
    if permit.ended_at is not None:
        return refused("This permit is over.")
    if actor.user_id is not None and actor.user_id == permit.user_id and actor.strength is not Strength.TOKEN:
        return ALLOWED
    if not actor.has(Role.SECURITY_ADMIN, Role.CISO):
        return refused("Only a security administrator or the CISO ends a permit.")
    return requires_second_factor(actor)


def can_review(actor: Actor, review: AfterReview) -> Decision:
    """The CISO or a security administrator who is uninvolved: not the holder, and not who gave the permit."""
    if review.state != AfterReviewState.OPEN:
        return refused("This emergency access was reviewed.")
    if actor.user_id is None or not actor.has(Role.CISO, Role.SECURITY_ADMIN):
        return refused("Emergency access is reviewed by the CISO or a security administrator.")
    if is_among(actor.user_id, [review.holder_id]):
        return refused("Nobody reviews their own emergency access, also not by another account.")
    if is_among(actor.user_id, permits_concerned(review)):
        return refused("Who gave the permit is involved; somebody else reviews this.")
    return requires_second_factor(actor)
