"""Registrations of the integrity app."""

from django.apps import AppConfig


class IntegrityConfig(AppConfig):
    """The integrity app: row kinds, its importer and resolver, the asset's panel, and trusted keys."""

    name = "apps.integrity"
    verbose_name = "Integrity"

    def ready(self) -> None:
        """Register in the open; a bad entry stops start-up."""
        from apps.integrity import events  # noqa: F401  (declares them)
        from apps.integrity.kinds import register as register_kinds
        from apps.integrity.services import resolve_artifacts
        from apps.integrity.verification.importer import FORMAT
        from apps.integrity.web.registrations import register as register_pages
        from apps.inventory.formats import FORMATS, RESOLVERS

        register_kinds()
        FORMATS.register(FORMAT.name, FORMAT)
        RESOLVERS.register("integrity.artifacts", resolve_artifacts)
        register_pages()
