"""Registrations of the reviews app."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """The reviews app."""

    name = "apps.reviews"
    verbose_name = "Reviews"
