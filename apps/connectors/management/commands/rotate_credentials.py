"""`manage.py rotate_credentials`: encrypt every stored secret with the first of ZTPORTAL_CREDENTIAL_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.connectors.services import rotate_credentials
from apps.core import clock
from apps.core.actor import system
from apps.core.text import display


class Command(BaseCommand):
    """Encrypts stored credentials anew."""

    help = "Encrypt every stored credential with the first of ZTPORTAL_CREDENTIAL_KEYS; afterwards drop the old keys."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate; exit 1 when a secret opens with none of the keys."""
        rotated, failed = rotate_credentials(actor=system("command line"), now=clock.now()).value
        self.stdout.write(f"Encrypted anew: {rotated}")
        if failed:
            names = ", ".join(map(display, failed))
            raise CommandError(f"No key present opens the secret of: {names}. Keep the old keys, or enter it again.")
