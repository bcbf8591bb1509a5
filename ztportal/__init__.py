"""Project package: settings, urls and the Celery application."""

from ztportal.celery import app as celery_app

__all__ = ["celery_app"]
