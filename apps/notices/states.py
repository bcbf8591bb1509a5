"""The machine of a message on its way out, and the media it may take."""

from django.db import models

from apps.core.states import machine


class Medium(models.TextChoices):
    """How a message leaves the portal."""

    MAIL = "mail", "E-mail"
    CHAT = "chat", "Chat"
    WEBHOOK = "webhook", "Webhook"


#: Media that a channel for many people may have; mail goes to persons.
CHANNEL_MEDIA = (Medium.CHAT, Medium.WEBHOOK)


class DeliveryState(models.TextChoices):
    """Where a message stands. Who sends it holds a lease beside the state."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    DROPPED = "dropped", "Not sent: no longer owed"
    DEAD = "dead", "Given up"

    @property
    def tone(self) -> str:
        """Return the tone in which pages show the state."""
        return {"sent": "good", "dead": "bad", "waiting": "info"}.get(self.value, "neutral")


DELIVERY = machine(
    "message",
    {
        DeliveryState.WAITING: (DeliveryState.SENT, DeliveryState.DROPPED, DeliveryState.DEAD),
        DeliveryState.DEAD: (DeliveryState.WAITING,),
        DeliveryState.SENT: (),
        DeliveryState.DROPPED: (),
    },
)
