"""The roles as groups."""

from django.db import migrations

ROLES = ("ciso", "security_admin", "manager", "engineer", "auditor", "service")


def create(apps, schema_editor):
    """Create a group for each role."""
    group = apps.get_model("auth", "Group")
    for role in ROLES:
        group.objects.get_or_create(name=role)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
