"""Grants keep what their asset was called at the target; those that began before keep what it is called now."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def keep_names(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give every grant that has begun the name that its binding or its asset has."""
    grants = apps.get_model("access", "Grant").objects.filter(resource="").exclude(state="scheduled")
    for grant in grants.select_related("asset", "binding").iterator(chunk_size=1000):
        name = str(grant.binding.settings.get("resource") or grant.asset.name)
        grants.filter(pk=grant.pk).update(resource=name)


class Migration(migrations.Migration):
    """The name at the target, and the index that finds grants for the same access by it."""

    dependencies = [("access", "0012_route_versions")]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="resource",
            field=models.CharField(
                blank=True, help_text="What the asset was called there when it began", max_length=300
            ),
        ),
        migrations.RemoveIndex(model_name="grant", name="grant_cover"),
        migrations.AddIndex(model_name="grant", index=models.Index(fields=["account", "resource"], name="grant_cover")),
        migrations.RunPython(keep_names, migrations.RunPython.noop),
    ]
