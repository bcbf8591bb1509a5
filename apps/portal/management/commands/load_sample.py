"""`manage.py load_sample`: the sample organisation, once; later calls only print the sign-ins."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import Conflict
from apps.inventory.models import Source
from apps.portal.services.loading import ensure_cast, load_sample


class Command(BaseCommand):
    """Load the sample organisation into an empty portal and print one sign-in per role."""

    help = "Load the sample organisation into an empty portal (about a minute); print its sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--seed` and `--weeks`."""
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--weeks", type=int, default=13)

    def handle(self, *args: Any, seed: int, weeks: int, **options: Any) -> None:
        """Load where there is nothing, then print."""
        if not Source.objects.exists():
            self.stdout.write("Loading the sample organisation: 90 days of exports, imported and checked week by week.")
            try:
                load_sample(self.stdout.write, seed=seed, weeks=weeks)
            except Conflict as refusal:
                raise CommandError(refusal.reason) from None
        elif not Source.objects.filter(is_sample=True).exists():
            self.stdout.write("The sample was removed; the portal keeps your own data.")
            return
        self._print_sign_ins()

    def _print_sign_ins(self) -> None:
        self.stdout.write(f"\nOpen {settings.ZTPORTAL_ORIGIN} and sign in as")
        for person, password in ensure_cast():
            shown = password or "(changed since)"
            self.stdout.write(f"  {person.role.label:<24} {person.email:<34} {shown}")
        self.stdout.write(
            "Second-factor code: .venv/bin/python manage.py demo_code ROLE   (ciso, security_admin, ...)\n"
        )
