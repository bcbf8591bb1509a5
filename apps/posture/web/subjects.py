"""The pages of subjects, resolved for a whole list at once, and only where the actor may open them."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from apps.core.actor import Actor
from apps.governance.models import RiskException
from apps.inventory.models import Asset, Credential, Identity, Source

Key = tuple[str, Any]


def subject_urls(actor: Actor, keys: Iterable[Key]) -> dict[Key, str]:
    """Return the address per (kind, id) that the actor may see; at most one query per kind."""
    ids: dict[str, set[Any]] = {}
    for kind, key in keys:
        ids.setdefault(kind, set()).add(key)
    found: dict[Key, str] = {}
    if "asset" in ids:
        rows = Asset.objects.visible_to(actor).filter(pk__in=ids["asset"]).values_list("pk", "kind", "slug")
        found |= {("asset", key): reverse("inventory:asset", args=[kind, slug]) for key, kind, slug in rows}
    if "identity" in ids:
        seen = Identity.objects.visible_to(actor).filter(pk__in=ids["identity"]).values_list("pk", flat=True)
        found |= {("identity", key): reverse("inventory:identity", args=[key]) for key in seen}
    if "credential" in ids:
        held = Credential.objects.visible_to(actor).filter(pk__in=ids["credential"]).values_list("pk", "identity_id")
        found |= {("credential", key): reverse("inventory:identity", args=[holder]) for key, holder in held}
    if "source" in ids:
        sources = Source.objects.visible_to(actor).filter(pk__in=ids["source"]).values_list("pk", flat=True)
        found |= {("source", key): reverse("inventory:source", args=[key]) for key in sources}
    if "exception" in ids:
        exceptions = RiskException.objects.visible_to(actor).filter(pk__in=ids["exception"]).values_list("pk", "number")
        found |= {("exception", key): reverse("governance:exception", args=[number]) for key, number in exceptions}
    return found


def link_subjects(actor: Actor, rows: Iterable[Any]) -> list[Any]:
    """Set `subject_url` on rows that name a subject (results, findings), empty where there is no page to open."""
    listed = list(rows)
    urls = subject_urls(actor, [(row.subject_kind, row.subject_id) for row in listed])
    for row in listed:
        row.subject_url = urls.get((row.subject_kind, row.subject_id), "")
    return listed
