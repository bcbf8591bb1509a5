"""An exception may end because a review revoked it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Only the words of a choice: no table changes."""

    dependencies = [("governance", "0002_append_only")]
    operations = [
        migrations.AlterField(
            model_name="riskexception",
            name="end_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("expired", "Its end date passed"),
                    ("withdrawn", "Withdrawn"),
                    ("unmet", "Its compensating check is not met"),
                    ("over", "What it was about is over"),
                    ("review", "Revoked by a review"),
                ],
                max_length=9,
            ),
        ),
    ]
