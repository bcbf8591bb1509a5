"""The route of each tier, and: a person asks for one thing once at a time.

Tier 1: the owner of the asset, then the CISO. Tier 2: the owner. Tier 3 has no stage: the portal decides.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

OPEN = ["pending", "needs_info"]
#: tier, position, rule, need, minutes to answer, minutes to the reminder, escalation, fallback
STAGES = (
    (1, 1, "asset_owner", 1, 30, 15, "team_manager", "team_manager"),
    (1, 2, "ciso", 1, 60, 30, "security_admin", "security_admin"),
    (2, 1, "asset_owner", 1, 30, 15, "team_manager", "manager"),
)


def seed(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the stages where no tier has any."""
    stage = apps.get_model("access", "RouteStage")
    if stage.objects.exists():
        return
    names = ("tier", "position", "rule", "need", "answer_minutes", "remind_minutes", "escalate_to", "fallback")
    stage.objects.bulk_create(stage(**dict(zip(names, row, strict=True))) for row in STAGES)


def unseed(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove them."""
    apps.get_model("access", "RouteStage").objects.all().delete()


class Migration(migrations.Migration):
    """Seeded routes and one open request for the same access."""

    dependencies = [("access", "0005_binding_connection")]
    operations = [
        migrations.AddConstraint(
            model_name="accessrequest",
            constraint=models.UniqueConstraint(
                fields=["beneficiary", "asset", "operation"],
                condition=models.Q(state__in=OPEN),
                name="request_one_open",
            ),
        ),
        migrations.RunPython(seed, unseed),
    ]
