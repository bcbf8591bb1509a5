"""Taking reviewed access away, kind by kind, through the services of the app that owns it."""

from datetime import datetime
from uuid import UUID

from apps.access.models import Delegation, Grant
from apps.access.services.delegations import end as end_delegation
from apps.access.services.ending import end_grant
from apps.access.states import EndReason
from apps.accounts.models import ApiToken
from apps.accounts.services.tokens import revoke_token
from apps.core.actor import Actor
from apps.governance.models import RiskException
from apps.governance.services.ending import end as end_exception
from apps.governance.states import EndReason as ExceptionEnd


def end_granted(actor: Actor, number: str, note: str, now: datetime) -> None:
    """End a grant because of a review. Raises Conflict when it has ended or is ending already."""
    grant = Grant.objects.select_related("binding").get(pk=int(number))
    end_grant(actor=actor, grant=grant, reason=EndReason.REVIEW, note=note, now=now)


def end_accepted(actor: Actor, key: str, note: str, now: datetime) -> None:
    """End an exception because of a review; what it accepted fails again. Raises Conflict when it is over already."""
    row = RiskException.objects.get(pk=UUID(key))
    end_exception(actor=actor, exception=row, why=ExceptionEnd.REVIEW, note=note, now=now)


def end_standing_in(actor: Actor, number: str, note: str, now: datetime) -> None:
    """End a delegation because of a review. Raises Conflict when it has ended."""
    end_delegation(actor=actor, delegation=Delegation.objects.get(pk=int(number)), now=now)


def revoke_key(actor: Actor, key: str, note: str, now: datetime) -> None:
    """Revoke an API token because of a review. Raises Conflict when it is revoked already."""
    revoke_token(actor=actor, token=ApiToken.objects.select_related("user").get(pk=UUID(key)), now=now)
