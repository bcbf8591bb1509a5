"""Registrations of the connectors app."""

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    """The connectors app: its drivers, its health checks, its pages."""

    name = "apps.connectors"
    verbose_name = "Connectors"

    def ready(self) -> None:
        """Register in the open; a bad entry stops start-up."""
        from apps.connectors import events, tasks  # noqa: F401  (declare themselves)
        from apps.connectors.drivers import register as register_drivers
        from apps.connectors.models import Connection
        from apps.connectors.services import start_due_checks
        from apps.connectors.web.registrations import register as register_pages
        from apps.core.jobs import RECONCILERS
        from apps.core.sealed import SEALED, SealedColumn

        register_drivers()
        RECONCILERS.register("connectors.start_due_checks", start_due_checks)
        SEALED.register("connection", SealedColumn(Connection, "sealed", "name"))
        register_pages()
