"""Access that stays is accepted by the one exception object of governance; reviews keep no acceptance of their own."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def drop_functions(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop what the triggers of the table called; they went with it."""
    if schema_editor.connection.vendor == "postgresql":
        for name in ("no_update", "no_delete", "no_truncate"):
            schema_editor.execute(f"DROP FUNCTION IF EXISTS reviews_riskacceptance_{name}()")


class Migration(migrations.Migration):
    """One table less, and one reason more for a review of one item."""

    dependencies = [("reviews", "0002_guards")]
    operations = [
        migrations.DeleteModel(name="RiskAcceptance"),
        migrations.RunPython(drop_functions, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="campaign",
            name="trigger",
            field=models.CharField(
                choices=[
                    ("scope", "Saved scope"),
                    ("mover", "The holder changed team"),
                    ("owner", "The asset changed owner"),
                    ("idle", "Privileged and 30 days unused"),
                    ("data", "New personal data on the asset"),
                    ("returned", "Came back after a verified removal"),
                    ("lapsed", "Its accepted risk ended"),
                ],
                default="scope",
                max_length=8,
            ),
        ),
    ]
