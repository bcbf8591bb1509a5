"""Routes in versions; what is in force becomes the first."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models.functions import Now

FIELDS = ("rule", "need", "answer_minutes", "remind_minutes", "escalate_to", "fallback")
TIERS, HOURS = (1, 2, 3), 24


def keep(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the stages in force as version 1."""
    stages = apps.get_model("access", "RouteStage").objects.order_by("tier", "position")
    rows = list(stages.values("tier", *FIELDS))
    tiers = {
        str(tier): {"hours": HOURS, "stages": [{n: row[n] for n in FIELDS} for row in rows if row["tier"] == tier]}
        for tier in TIERS
    }
    version = apps.get_model("access", "RouteVersion")
    version.objects.create(number=1, tiers=tiers, note="Shipped with the portal", in_force_at=Now())


class Migration(migrations.Migration):
    """Versions and changes of routes."""

    dependencies = [
        ("access", "0011_bundle_fingerprint"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RouteVersion",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("tiers", models.JSONField()),
                ("note", models.CharField(blank=True, max_length=500)),
                ("in_force_at", models.DateTimeField()),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
            },
        ),
        migrations.CreateModel(
            name="RouteChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tiers", models.JSONField()),
                ("note", models.CharField(max_length=500)),
                ("effect", models.JSONField(default=dict, help_text="What it would have changed in the last 90 days")),
                (
                    "state",
                    models.CharField(
                        default="proposed", help_text="proposed, confirmed, refused, withdrawn", max_length=9
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposed_route_changes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "based_on",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="access.routeversion"
                    ),
                ),
            ],
            options={
                "ordering": ["-proposed_at"],
            },
        ),
        migrations.AddConstraint(
            model_name="routeversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("proposed_by__isnull", True),
                    models.Q(("proposed_by", models.F("confirmed_by")), _negated=True),
                    _connector="OR",
                ),
                name="route_version_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="routechange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")), fields=("state",), name="route_change_one_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="routechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "confirmed"), _negated=True),
                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="route_change_two_people",
            ),
        ),
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]
