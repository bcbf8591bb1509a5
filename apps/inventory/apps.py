"""Registrations of the inventory app."""

from importlib import import_module

from django.apps import AppConfig

#: One module a format, each with its FORMAT; integrity registers the signatures' itself.
IMPORTERS = (
    "apps.inventory.importers.aws_credential_report",
    "apps.inventory.importers.aws_iam",
    "apps.inventory.importers.microsoft_graph",
    "apps.inventory.importers.mlflow",
    "apps.inventory.importers.mlflow_auth",
    "apps.inventory.importers.people_csv",
)


class InventoryConfig(AppConfig):
    """The inventory app: row kinds, formats, resolvers, subjects, and its part of the reconciler."""

    name = "apps.inventory"
    verbose_name = "Inventory"

    def ready(self) -> None:
        """Register in the open; a bad entry stops start-up."""
        from apps.core.actor import Actor
        from apps.core.jobs import RECONCILERS
        from apps.core.navigation import ENTRIES, Entry
        from apps.inventory import events, kinds, resolve, subjects  # noqa: F401  (events declares them)
        from apps.inventory.formats import FORMATS
        from apps.inventory.services.cleanup import sweep
        from apps.inventory.services.intake import resume_imports

        kinds.register()
        resolve.register()
        subjects.register()
        for module in IMPORTERS:
            found = import_module(module).FORMAT
            FORMATS.register(found.name, found)
        RECONCILERS.register("inventory.resume_imports", resume_imports)
        RECONCILERS.register("inventory.clean_up_imports", sweep)

        def looks_wide(actor: Actor) -> bool:
            return actor.sees_all

        for entry in (
            Entry("assets", "Assets", "inventory:assets", "box", order=30, tab=True),
            Entry("identities", "Identities", "inventory:identities", "users", order=40),
            Entry("sources", "Sources", "inventory:sources", "plug", group="Setup", order=20, shown_to=looks_wide),
        ):
            ENTRIES.register(entry.name, entry)
