"""What the small portal of the access journeys holds: the cast with real second factors, models, and one permit.

It runs in a process of its own, with the product's settings, on the data folder it is given.
"""

from datetime import timedelta

import django

django.setup()

from allauth.mfa.models import Authenticator  # noqa: E402
from allauth.mfa.utils import encrypt  # noqa: E402

from apps.access.services.emergency import confirm_permit, permit  # noqa: E402
from apps.core import clock  # noqa: E402
from apps.core.actor import Role  # noqa: E402
from tests.access.asking import build, make_user  # noqa: E402
from tests.cast import assemble  # noqa: E402
from tests.factories import make_asset  # noqa: E402
from tests.journeys.desk import MODELS, SECRET  # noqa: E402


def fill() -> None:
    """Write everything."""
    cast = assemble()
    build(cast)
    team, now = cast.teams["Model Engineering"], clock.now()
    make_user("Nia Okafor", Role.MANAGER, team, manages=True)
    # A factor of yesterday would be something to look at; these were there for a month.
    Authenticator.objects.update(data={"secret": encrypt(SECRET)}, created_at=now - timedelta(days=30))
    common = {"team": team, "tier": 3, "tier_confirmed": True, "classification": "internal", "environment": "staging"}
    owned = {"owner": cast.users["owner"].person, "owner_confirmed_at": now - timedelta(days=30)}
    for name in MODELS:
        make_asset(name=name, slug=name, **common, **(owned if name.startswith("owned") else {}))
    until = now.date() + timedelta(days=30)
    made = permit(actor=cast.actor("security_admin"), user=cast.users["engineer"], until_on=until).value
    confirm_permit(actor=cast.actor("second_admin"), permit=made)


fill()
