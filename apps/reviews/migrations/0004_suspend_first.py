"""The default of a review may suspend for some days before it revokes."""

import importlib

from django.db import migrations, models
from django.db.models import Q

GUARDS = importlib.import_module("apps.reviews.migrations.0002_guards")
DEFAULTS = [
    ("revoke", "Revoke"),
    ("keep", "Keep; revoke what asks for a close look"),
    ("suspend", "Keep; suspend what asks for a close look 7 days, then revoke it"),
]


def choice(model: str) -> list[migrations.operations.base.Operation]:
    """Return what changes for a model with terms."""
    name = f"{model}_default_is_a_choice"
    condition = Q(default_choice__in=[value for value, _ in DEFAULTS])
    field = models.CharField(
        choices=DEFAULTS, default="revoke", help_text="Recorded for unanswered items", max_length=8
    )
    return [
        migrations.RemoveConstraint(model_name=model, name=name),
        migrations.AlterField(model_name=model, name="default_choice", field=field),
        migrations.AddConstraint(model_name=model, constraint=models.CheckConstraint(condition=condition, name=name)),
    ]


class Migration(migrations.Migration):
    """When it was suspended. The triggers go and come back: SQLite rebuilds a table to change its constraints, and some
    of them name it."""

    dependencies = [("reviews", "0003_one_exception")]
    operations = [
        migrations.RunPython(GUARDS.remove, GUARDS.install),
        migrations.AddField(
            model_name="campaign",
            name="suspended_at",
            field=models.DateTimeField(help_text="When what nobody answered was suspended", null=True),
        ),
        migrations.AddField(
            model_name="item",
            name="suspended_at",
            field=models.DateTimeField(help_text="When it was suspended because nobody answered", null=True),
        ),
        *choice("campaign"),
        *choice("series"),
        migrations.RunPython(GUARDS.install, GUARDS.remove),
    ]
