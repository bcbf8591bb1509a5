"""The machine of a role proposal: one admin proposes, another confirms."""

from django.db import models

from apps.core.states import machine


class RoleChangeState(models.TextChoices):
    """Where the proposal of a role stands."""

    PROPOSED = "proposed", "Waiting for a second administrator"
    CONFIRMED = "confirmed", "Confirmed"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"

    @property
    def tone(self) -> str:
        """Return the tone in which pages show the state."""
        return {"proposed": "warn", "confirmed": "good", "refused": "bad"}.get(self.value, "neutral")


OPEN = frozenset({RoleChangeState.PROPOSED})

ROLE_CHANGE = machine(
    "role proposal",
    {
        RoleChangeState.PROPOSED: (
            RoleChangeState.CONFIRMED,
            RoleChangeState.REFUSED,
            RoleChangeState.WITHDRAWN,
            RoleChangeState.EXPIRED,
        ),
        RoleChangeState.CONFIRMED: (),
        RoleChangeState.REFUSED: (),
        RoleChangeState.WITHDRAWN: (),
        RoleChangeState.EXPIRED: (),
    },
)


class LinkPurpose(models.TextChoices):
    """Why a one-time sign-in link was given."""

    INVITATION = "invitation", "Invitation"
    RECOVERY = "recovery", "Recovery"
