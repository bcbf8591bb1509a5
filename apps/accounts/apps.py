"""Registrations of the accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The accounts app."""

    name = "apps.accounts"

    def ready(self) -> None:
        """Register receivers, subject kinds, navigation, shell facts and the reconciler's step."""
        from apps.accounts import events, receivers  # noqa: F401
        from apps.accounts.api import schema  # noqa: F401  (names the authentication in the OpenAPI document)
        from apps.accounts.web.registrations import register

        register()
