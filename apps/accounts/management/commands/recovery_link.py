"""`manage.py recovery_link`: the way back in for someone who lost password or second factor."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import User
from apps.accounts.services import create_link
from apps.accounts.states import LinkPurpose
from apps.accounts.web.address import link_address
from apps.core import clock
from apps.core.actor import system
from apps.core.errors import DomainError


class Command(BaseCommand):
    """Print a one-time link after which password and second factor are set anew; audited."""

    help = "Print a sign-in link for a person who cannot sign in; using it removes their second factors."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the mail address."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link, or say why not."""
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError("There is no user with this address.")
        try:
            link = create_link(actor=system("command line"), now=clock.now(), user=user, purpose=LinkPurpose.RECOVERY)
        except DomainError as problem:
            raise CommandError(problem.reason) from problem
        self.stdout.write(f"For {user.name}, within 15 minutes, once; password and second factor are set anew:")
        self.stdout.write(link_address(link.value))
