"""The held operation of a request, and whether its artifact still is what was approved."""

from apps.access.models import AccessRequest, HeldOperation
from apps.core.decision import ALLOWED, Decision, refused
from apps.integrity.queries import verdict_of
from apps.integrity.states import SignatureState
from apps.inventory.models import Asset

_CHANGED = frozenset({SignatureState.DIGEST_MISMATCH, SignatureState.FILES_DIFFER, SignatureState.INVALID})


def held_of(request: AccessRequest) -> HeldOperation | None:
    """Return the held operation of a request that the caller's actor sees. One query."""
    return HeldOperation.objects.filter(request_id=request.pk).select_related("request__asset", "binding").first()


def verifies(held: HeldOperation) -> Decision:
    """Return whether the asset is there, its content digest is the approved one, and no signature contradicts it."""
    asset = Asset.objects.filter(pk=held.request.asset_id).first()
    if asset is None or asset.gone_at is not None:
        return refused("No source shows this asset any more.")
    if asset.content_digest != held.artifact_digest:
        return refused("The content of the asset is no longer what was approved.")
    if held.artifact_digest and verdict_of(asset) in _CHANGED:
        return refused("The signature of the asset does not fit its content.")
    return ALLOWED
