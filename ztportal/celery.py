"""The Celery application. Tasks carry ids only; the database is the only truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ztportal.settings")

app = Celery("ztportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
