"""Registrations of the access app."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The access app: what carries grants, its part of the reconciler and of a deactivation, what it tells people."""

    name = "apps.access"
    verbose_name = "Access"

    def ready(self) -> None:
        """Register in the open; a bad entry stops start-up."""
        from apps.access import events, tasks  # noqa: F401  (declare themselves)
        from apps.access.decisions.assets import TYPE, AssetDomain
        from apps.access.decisions.questions import DOMAINS
        from apps.access.registrations.checks import register_checks
        from apps.access.registrations.exceptions import register_exceptions
        from apps.access.registrations.grants import register_grants
        from apps.access.registrations.metrics import register_metrics
        from apps.access.registrations.requests import register_requests
        from apps.access.web import bindings_entry, policies_entry
        from apps.access.web import registrations as web_registrations

        register_grants()
        register_requests()
        register_checks()
        register_exceptions()
        register_metrics()
        DOMAINS.register(TYPE, AssetDomain())
        policies_entry.register()
        bindings_entry.register()
        web_registrations.register()
