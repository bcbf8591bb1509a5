"""The inventory's kinds of subjects: what any floor needs to name, link and scope one."""

from collections.abc import Callable

from django.urls import reverse

from apps.core.subjects import SUBJECTS, SubjectKind
from apps.inventory.models import Asset, Credential, Identity, Import, Person, Source


def _page(name: str) -> Callable[[str], str]:
    return lambda key: reverse(f"inventory:{name}", args=[key])


def _asset_page(key: str) -> str:
    """An asset's address holds its kind and slug, not its id (1 query)."""
    found = Asset.objects.filter(pk=key).values_list("kind", "slug").first()
    return reverse("inventory:asset", args=found) if found else ""


def _credential_page(key: str) -> str:
    """A credential is shown on the page of its identity (1 query)."""
    found = Credential.objects.filter(pk=key).values_list("identity_id", flat=True).first()
    return reverse("inventory:identity", args=[found]) if found else ""


def _import_page(key: str) -> str:
    """An import's address holds its number (1 query)."""
    found = Import.objects.filter(pk=key).values_list("number", flat=True).first()
    return reverse("inventory:import", args=[found]) if found else ""


KINDS = (
    SubjectKind("asset", "Asset", "assets", lambda actor: Asset.objects.visible_to(actor), _asset_page),
    SubjectKind(
        "identity", "Identity", "identities", lambda actor: Identity.objects.visible_to(actor), _page("identity")
    ),
    SubjectKind(
        "credential", "Credential", "credentials", lambda actor: Credential.objects.visible_to(actor), _credential_page
    ),
    SubjectKind("person", "Person", "people", lambda actor: Person.objects.visible_to(actor), _page("person")),
    SubjectKind("source", "Source", "sources", lambda actor: Source.objects.visible_to(actor), _page("source")),
    SubjectKind("import", "Import", "imports", lambda actor: Import.objects.visible_to(actor), _import_page, "number"),
)


def register() -> None:
    """Register the kinds; called once from `ready()`."""
    for kind in KINDS:
        SUBJECTS.register(kind.kind, kind)
