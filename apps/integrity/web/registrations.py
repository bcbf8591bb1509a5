"""What the integrity app tells core at start-up: its panel on asset pages, its navigation entry, its subject kind."""

from typing import Any

from django.urls import reverse

from apps.core.actor import Actor
from apps.core.navigation import ENTRIES, Entry
from apps.core.panels import PANELS, Panel
from apps.core.subjects import SUBJECTS, SubjectKind
from apps.core.ui.words import instant_text
from apps.integrity.models import Signature, TrustedKey
from apps.integrity.queries import integrity_of
from apps.integrity.rules import can_see_keys
from apps.inventory.models import Asset
from apps.inventory.states import AssetKind


def asset_panel(actor: Actor, subject: Any) -> dict[str, Any] | None:
    """Return the context of the panel "Artifact and signature"; None for what has no artifact by its nature."""
    if not isinstance(subject, Asset) or subject.kind != AssetKind.MODEL_VERSION:
        return None
    found = integrity_of(subject)
    context = {"integrity": found, "pairs": _pairs(found.signature) if found.signature else []}
    return {**context, "keys_url": reverse("integrity:keys") if can_see_keys(actor) else ""}


def _pairs(signature: Signature) -> list[tuple[str, str | None]]:
    """Return the facts of a signature for the component."""
    digest = f"{signature.fingerprint[:16]}…" if signature.fingerprint else None
    return [
        ("Signer", signature.signer or None),
        ("Signed with", signature.get_method_display()),
        ("SHA-256 of it", digest),
        ("Checked", instant_text(signature.judged_at)),
        ("Signature from", f"{signature.source.name}, {signature.source_key}"),
    ]


def register() -> None:
    """Make all registrations; a name taken by another stops the start."""
    PANELS.register(
        "integrity.asset", Panel("integrity.asset", "asset.side", "integrity/_asset_panel.html", asset_panel, order=40)
    )
    ENTRIES.register(
        "keys",
        Entry(
            name="keys",
            label="Trusted keys",
            url_name="integrity:keys",
            icon="key",
            group="Setup",
            order=60,
            shown_to=lambda actor: bool(can_see_keys(actor)),
        ),
    )
    SUBJECTS.register(
        "trusted_key",
        SubjectKind(
            kind="trusted_key",
            title="Trusted key",
            plural="Trusted keys",
            visible=lambda actor: TrustedKey.objects.visible_to(actor),
            url=lambda pk: reverse("integrity:keys"),
        ),
    )
