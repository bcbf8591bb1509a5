"""A sheet that was given more after its sample was drawn is sampled again, so it may have several samples."""

import importlib

from django.db import migrations, models

GUARDS = importlib.import_module("apps.reviews.migrations.0002_guards")


class Migration(migrations.Migration):
    """The triggers go and come back: SQLite rebuilds a table to change its constraints."""

    dependencies = [("reviews", "0004_suspend_first")]
    operations = [
        migrations.RunPython(GUARDS.remove, GUARDS.install),
        migrations.RemoveConstraint(model_name="sample", name="review_sample_once"),
        migrations.AddIndex(
            model_name="sample",
            index=models.Index(fields=["campaign", "stage", "reviewer"], name="review_sample_sheet"),
        ),
        migrations.RunPython(GUARDS.install, GUARDS.remove),
    ]
