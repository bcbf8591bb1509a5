"""Registrations of the notices app."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """The notices app."""

    name = "apps.notices"

    def ready(self) -> None:
        """Register the events, the bell, the reconciler's steps, metrics and pages."""
        from apps.core.sealed import SEALED, SealedColumn
        from apps.notices import events  # noqa: F401
        from apps.notices.models import Channel
        from apps.notices.web.registrations import register

        SEALED.register("channel", SealedColumn(Channel, "sealed", "name"))
        register()
