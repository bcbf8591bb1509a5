"""Registrations of the reviews app."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """The reviews app: what is reviewable, its part of the reconciler and of a deactivation, what it tells people."""

    name = "apps.reviews"
    verbose_name = "Reviews"

    def ready(self) -> None:
        """Register in the open; a bad entry stops start-up."""
        from apps.reviews import events, registrations  # noqa: F401  (events declare themselves)
        from apps.reviews.web import registrations as web_registrations

        registrations.register()
        web_registrations.register()
