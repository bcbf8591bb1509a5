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
        from apps.posture.checks import (
            accounts_in_use,
            credentials,
            datasets,
            entitlements,
            exceptions,
            governance,
            identity,
            outsiders,
            policies,
            weights,
        )
        from apps.posture.queries.exceptions import FINDINGS, RESULTS_OF_CHECKS
        from apps.posture.queries.metrics import POSTURE_METRICS
        from apps.posture.services import reconciling, taking_up
        from apps.posture.spec import register
        from apps.posture.web import registrations

        for spec in (
            identity.ID_01,
            entitlements.ID_03,
            accounts_in_use.ID_04,
            accounts_in_use.ID_05,
            policies.ID_15,
            outsiders.ID_16,
            credentials.NH_01,
            credentials.NH_02,
            weights.MD_01,
            weights.MD_03,
            datasets.DA_05,
            governance.GV_01,
            governance.GV_02,
            exceptions.GV_04,
            governance.GV_07,
        ):
            register(spec)
        for metric in POSTURE_METRICS:
            METRICS.register(metric.key, metric)
        RECONCILERS.register("posture.recover_runs", reconciling.recover_runs)
        RECONCILERS.register("posture.start_due_run", reconciling.start_due_run)
        RECONCILERS.register("posture.take_up_exceptions", taking_up.take_up_exceptions)
        REFERENCES.register(FINDINGS.kind, FINDINGS)
        RESULTS.register(CHECKS, RESULTS_OF_CHECKS)
        registrations.register()
