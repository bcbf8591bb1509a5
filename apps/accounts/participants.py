"""Who takes part in a person's deactivation: upper floors register, accounts calls them inside its own transaction."""

from collections.abc import Callable
from datetime import datetime

from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.registry import Registry

#: Called with the acting administrator, the user who is deactivated, and database time. May call services of its app.
Participant = Callable[[Actor, User, datetime], None]

PARTICIPANTS: Registry[Participant] = Registry("participant of a deactivation")
