"""Registrations of the audit app."""

from django.apps import AppConfig
from django.conf import settings


class AuditConfig(AppConfig):
    """The audit app: installs itself as the log that commands write to."""

    name = "apps.audit"
    verbose_name = "Audit log"

    def ready(self) -> None:
        """Install the sink, the reconciler steps, the readiness probe and the navigation entry."""
        from apps.audit import events  # noqa: F401  (declares them)
        from apps.audit.queries.verification import log_writable
        from apps.audit.services.append import Sink
        from apps.audit.services.ingest import ingest
        from apps.audit.services.notary import notarise_embedded
        from apps.core.command import install_sink
        from apps.core.jobs import RECONCILERS
        from apps.core.navigation import ENTRIES, Entry
        from apps.core.web.health import PROBES

        install_sink(Sink())
        RECONCILERS.register("audit.ingest_journal", ingest)
        if not settings.PRODUCTION:
            RECONCILERS.register("audit.notarise", notarise_embedded)
        PROBES.register("audit", log_writable)
        ENTRIES.register("audit", Entry("audit", "Audit log", "audit:event_list", "book", group="Assurance", order=90))
