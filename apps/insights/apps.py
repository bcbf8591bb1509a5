"""Registrations of the insights app."""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    """The insights app."""

    name = "apps.insights"

    def ready(self) -> None:
        """Register the overview in the navigation and the snapshots with the reconciler."""
        from apps.core.actor import WIDE_ROLES
        from apps.core.jobs import RECONCILERS
        from apps.core.navigation import ENTRIES, Entry
        from apps.insights.services.snapshots import take_due_snapshots

        ENTRIES.register(
            "overview",
            Entry(
                "overview",
                "Overview",
                "insights:posture",
                "home",
                order=10,
                shown_to=lambda a: a.has(*WIDE_ROLES),
                tab=True,
            ),
        )
        RECONCILERS.register("insights.snapshots", take_due_snapshots)
