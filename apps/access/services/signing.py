"""Keys of access tokens: made when first needed, replaced every month, published a while longer."""

import json
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey

from apps.access.events import SIGNING_KEY_MADE
from apps.access.models import SigningKey
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.command import Changed, command
from apps.core.events import Subject
from apps.core.sealed import seal, unseal

ALGORITHM = "ES256"
#: How long a key signs, and how long it stays published after: longer than any token and any cache of the key set.
SIGNS_FOR = timedelta(days=30)
PUBLISHED_FOR = timedelta(days=1)


@command(SIGNING_KEY_MADE)
def make_key(*, actor: Actor, now: datetime) -> Changed:
    """Make a key pair and retire those before it; the value is the row."""
    key = ECKey.generate_key("P-256")
    kid = key.thumbprint()
    public = {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
    SigningKey.objects.filter(retired_at__isnull=True).update(retired_at=now, sealed_private="")
    row = SigningKey.objects.create(
        kid=kid, public=public, sealed_private=seal(json.dumps(key.as_dict(private=True))), created_at=now
    )
    return Changed(Subject("signing_key", kid, "Key of access tokens"), {"kid": kid}, value=row)


def signing_key(now: datetime) -> tuple[str, ECKey]:
    """Return id and key that sign at `now`, made when there is none."""
    row = SigningKey.objects.filter(retired_at__isnull=True, created_at__gt=now - SIGNS_FOR).first()
    if row is None:
        row = make_key(actor=system("signing"), now=now).value
    return row.kid, ECKey.import_key(json.loads(unseal(row.sealed_private)))


def rotate_due() -> int:
    """Replace a key that has signed for its month; a step of the reconciler. Return 1 when one was made."""
    now = clock.now()
    old = SigningKey.objects.filter(retired_at__isnull=True, created_at__lte=now - SIGNS_FOR)
    if not old.exists():
        return 0
    make_key(actor=system("reconciler"), now=now)
    return 1


def published(now: datetime) -> list[dict[str, Any]]:
    """Return the public keys as a JSON Web Key Set lists them (RFC 7517): one that signs, and those just retired."""
    retired = SigningKey.objects.filter(retired_at__gt=now - PUBLISHED_FOR)
    signing = SigningKey.objects.filter(retired_at__isnull=True)
    return [row.public for row in (*signing, *retired)]
