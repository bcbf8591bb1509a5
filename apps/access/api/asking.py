"""What a caller names, found within what they may see."""

from typing import Any, cast
from uuid import UUID

from apps.access.queries.asking_for import find_beneficiary
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.api.views import ApiView
from apps.core.errors import NotFound
from apps.inventory.models import Asset


def asset_of(actor: Actor, key: UUID | str) -> Asset:
    """Return an asset by its id. Raises NotFound, also for one the actor may not see and for what is no id."""
    try:
        wanted = UUID(str(key))
    except ValueError:
        wanted = UUID(int=0)
    found = Asset.objects.visible_to(actor).filter(pk=wanted).first()
    if found is None:
        raise NotFound("There is no such asset, or you may not see it.", asset="No such asset.")
    return found


def beneficiary_of(view: ApiView, key: Any) -> User:
    """Return whom an access is for, by default the caller. Raises NotFound for whom the caller may not ask."""
    own = cast(User, view.request.user)
    return own if key is None or key == own.pk else find_beneficiary(view.actor, str(key))
