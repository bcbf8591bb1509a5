"""Registrations of the posture app."""

from django.apps import AppConfig


class PostureConfig(AppConfig):
    """The posture app."""

    name = "apps.posture"

    def ready(self) -> None:
        """Register checks, subject kinds, metrics and the reconciler's steps; a bad entry stops start-up."""
        from apps.core.jobs import RECONCILERS
        from apps.core.metrics import METRICS
        from apps.governance.references import CHECKS, REFERENCES, RESULTS
        from apps.posture.checks.shipped import SHIPPED
        from apps.posture.queries.exceptions import FINDINGS, RESULTS_OF_CHECKS
        from apps.posture.queries.metrics import POSTURE_METRICS
        from apps.posture.services import reconciling, taking_up
        from apps.posture.spec import register
        from apps.posture.web import registrations

        for spec in SHIPPED:
            register(spec)
        for metric in POSTURE_METRICS:
            METRICS.register(metric.key, metric)
        RECONCILERS.register("posture.recover_runs", reconciling.recover_runs)
        RECONCILERS.register("posture.start_due_run", reconciling.start_due_run)
        RECONCILERS.register("posture.take_up_exceptions", taking_up.take_up_exceptions)
        REFERENCES.register(FINDINGS.kind, FINDINGS)
        RESULTS.register(CHECKS, RESULTS_OF_CHECKS)
        registrations.register()
