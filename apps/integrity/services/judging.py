"""Verdicts: made after an import for what changed, and again for what a key touches when trust changes.

The model-signing library is called once per signature on its stored bundle and digests (about a millisecond): no file
is needed, and the number of calls is that of the signatures the change can touch.
"""

from datetime import datetime

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from apps.integrity.models import Artifact, Signature, TrustedKey
from apps.integrity.states import KeyKind, SignatureState, SigningMethod
from apps.integrity.verification.judge import Trusted, judge
from apps.inventory.models import AssetObservation, Import

BATCH = 200
_VERDICT = ("state", "reason", "signer", "fingerprint", "trusted_key_id", "judged_at", "judged_digest")


def trusted_now() -> list[Trusted]:
    """Return the keys in force, as judging needs them. One query."""
    rows = TrustedKey.objects.in_force().order_by("added_at", "pk")
    return [Trusted(key.pk, key.kind, key.name, key.pem, key.fingerprint) for key in rows]


def judge_signatures(signatures: QuerySet[Signature], now: datetime) -> list[tuple[str, str]]:
    """Judge the signatures and store the verdicts; return (state before, state after) of each."""
    trusted = trusted_now()
    moved: list[tuple[str, str]] = []
    batch: list[Signature] = []
    for signature in signatures.order_by("pk").iterator(chunk_size=BATCH):
        verdict = judge(signature.bundle, signature.measured, trusted, signature.problem)
        moved.append((signature.state, verdict.state))
        signature.state, signature.reason = verdict.state, verdict.reason
        signature.signer, signature.fingerprint = verdict.signer, verdict.fingerprint
        signature.trusted_key_id = verdict.key_id
        signature.judged_at, signature.judged_digest = now, signature.digest
        batch.append(signature)
        if len(batch) >= BATCH:
            Signature.objects.bulk_update(batch, [name.removesuffix("_id") for name in _VERDICT])
            batch = []
    Signature.objects.bulk_update(batch, [name.removesuffix("_id") for name in _VERDICT])
    return moved


def touched_by(key: TrustedKey) -> QuerySet[Signature]:
    """Return the present signatures whose verdict trusting or retiring this key can change."""
    rows = Signature.objects.present()
    if key.kind == KeyKind.CERTIFICATE:
        return rows.filter(Q(method=SigningMethod.CERTIFICATE) | Q(trusted_key=key))
    named = Q(fingerprint=key.fingerprint) | Q(trusted_key=key)
    # A bundle of before 1.0 names no key: any new key may be the one.
    return rows.filter(named | Q(method=SigningMethod.KEY, fingerprint=""))


def rejudge(key: TrustedKey, now: datetime) -> dict[str, int]:
    """Judge again what a key touches; return how many were judged, became valid, and are no longer valid."""
    moved = judge_signatures(touched_by(key), now)
    valid = SignatureState.VALID_TRUSTED
    return {
        "rejudged": len(moved),
        "now_valid": sum(1 for before, after in moved if after == valid != before),
        "no_longer_valid": sum(1 for before, after in moved if before == valid != after),
    }


def resolve_artifacts(owner: Import, now: datetime) -> None:
    """After an import: give registry artifacts their asset, set-based, and judge what changed.

    Signed folders need no foreign key: they meet a version by the digest of their files (`queries`).
    """
    observed = AssetObservation.objects.filter(source_id=OuterRef("source_id"), source_key=OuterRef("asset_key"))
    found = Artifact.objects.filter(source_id=owner.source_id).exclude(asset_key="")
    found.annotate(now_asset=Subquery(observed.values("asset_id")[:1])).exclude(
        Q(asset_id=F("now_asset")) | Q(asset_id__isnull=True, now_asset__isnull=True)
    ).update(asset_id=Subquery(observed.values("asset_id")[:1]))
    judge_signatures(Signature.objects.unjudged().filter(source_id=owner.source_id), now)
