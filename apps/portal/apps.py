"""Registrations of the portal app."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The portal app."""

    name = "apps.portal"

    def ready(self) -> None:
        """Register the facts of the shell: whether sample data is shown, and whose portal it is."""
        from apps.core.web.context import SHELL
        from apps.portal.web.shell import organisation, sample_bar, sample_removable

        SHELL.register("sample_bar", sample_bar)
        SHELL.register("sample_removable", sample_removable)
        SHELL.register("organisation", organisation)
