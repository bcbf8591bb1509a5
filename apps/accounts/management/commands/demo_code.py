"""`manage.py demo_code ROLE`: the second-factor code of a sample person, and of nobody else."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.queries import sample_user
from apps.accounts.services.sample import current_code
from apps.core.actor import Role


class Command(BaseCommand):
    """Print the code that the sample person's authenticator app would show now."""

    help = "Print the current second-factor code of the sample person with this role."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the role."""
        parser.add_argument("role", choices=[role.value for role in Role if role is not Role.SERVICE])

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the code, or say that there is no such sample person."""
        user = sample_user(Role(options["role"]))
        code = current_code(user) if user is not None else ""
        if not code:
            raise CommandError("There is no sample person with this role and an authenticator app.")
        self.stdout.write(code)
