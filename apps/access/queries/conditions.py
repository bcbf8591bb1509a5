"""What a grant rests on: conditions that held when it was activated and have to go on holding, and that nobody holds it
back meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet

from apps.access.models import Grant
from apps.accounts.models import User
from apps.accounts.queries import factor_types
from apps.core.registry import Registry
from apps.integrity.queries import verdict_of
from apps.integrity.states import SignatureState
from apps.inventory.models import Asset
from apps.inventory.states import AssetKind
from apps.posture.models import Finding
from apps.posture.states import FindingState

SIGNED, FACTOR = "signed", "factor"
WORDS = {
    SIGNED: "The deployed version is no longer signed by a trusted signer.",
    FACTOR: "The holder has no second factor any more.",
}
#: The check whose finding says that a model's deployed version is not proven.
SIGNATURE_CHECK = "MD-01"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an app above holds grants back: `grants()` are those it does now, `words` what their holders are told."""

    name: str
    words: str
    grants: Callable[[], QuerySet[Grant]]


HOLDS: Registry[Hold] = Registry("hold on grants")


def unsigned_models() -> QuerySet[Finding]:
    """Return the findings that stand open against models whose deployed version is not proven."""
    return Finding.objects.filter(check_id=SIGNATURE_CHECK, subject_kind="asset").exclude(state=FindingState.RESOLVED)


def is_signed(asset: Asset) -> bool:
    """Return whether a model's deployed version, or a version itself, is proven; other kinds have nothing to sign."""
    if asset.kind == AssetKind.MODEL:
        return not unsigned_models().filter(subject_id=str(asset.pk)).exists()
    if asset.kind == AssetKind.MODEL_VERSION:
        return verdict_of(asset) == SignatureState.VALID_TRUSTED
    return True


def has_factor(user: User) -> bool:
    """Return whether the holder has a second factor; a service account needs none."""
    return user.kind == User.Kind.SERVICE or bool(factor_types(user.pk))


def conditions_now(grant: Grant) -> list[str]:
    """Return the conditions that hold now. What does not hold at activation was decided upon as it is, and is none."""
    held = [SIGNED] if is_signed(grant.asset) else []
    return [*held, FACTOR] if has_factor(grant.holder) else held


def broken(grant: Grant) -> list[str]:
    """Return in words those conditions of the grant that do not hold any more, and why it is held back."""
    now = set(conditions_now(grant))
    held = [hold.words for hold in HOLDS if hold.grants().filter(pk=grant.pk).exists()]
    return [*(WORDS[name] for name in grant.conditions if name in WORDS and name not in now), *held]
