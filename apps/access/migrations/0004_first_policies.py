from django.db import migrations
from django.db.models.functions import Now

from apps.access.policies.language import default_texts, digest_of


def bring_into_force(apps, schema_editor):
    """The portal starts with the set it ships with: without a version in force nobody is allowed anything."""
    texts = default_texts()
    version = apps.get_model("access", "PolicyVersion")
    if version.objects.exists():
        return
    policy = apps.get_model("access", "Policy")
    policy.objects.bulk_create(policy(slug=slug, created_at=Now()) for slug in sorted(texts))
    version.objects.create(
        number=1, texts=texts, digest=digest_of(texts), note="Shipped with the portal", in_force_at=Now()
    )


class Migration(migrations.Migration):
    dependencies = [("access", "0003_append_only")]

    operations = [migrations.RunPython(bring_into_force, migrations.RunPython.noop)]
