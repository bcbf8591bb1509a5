"""`manage.py create_admin`: the first security administrator, and the way back in for one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import User
from apps.accounts.queries import roles_of
from apps.accounts.services import create_link, create_user, give_role
from apps.accounts.states import LinkPurpose
from apps.accounts.web.address import link_address
from apps.core import clock
from apps.core.actor import Role, system
from apps.core.errors import DomainError


class Command(BaseCommand):
    """Create or find the user, give the role, print a one-time link; each step is in the audit log."""

    help = "Make a security administrator and print a sign-in link that works once within 15 minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the mail address and the name."""
        parser.add_argument("email")
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create, give the role, print the link; on an existing administrator only the link."""
        actor = system("command line")
        try:
            user = User.objects.filter(email__iexact=options["email"]).first()
            if user is None:
                name = options["name"] or options["email"].partition("@")[0]
                user = create_user(actor=actor, now=clock.now(), email=options["email"], name=name).value
            if Role.SECURITY_ADMIN not in roles_of(user.pk):
                give_role(actor=actor, now=clock.now(), user=user, role=Role.SECURITY_ADMIN)
            link = create_link(actor=actor, now=clock.now(), user=user, purpose=LinkPurpose.RECOVERY)
        except DomainError as problem:
            raise CommandError(problem.reason) from problem
        self.stdout.write(f"{user.name} is a security administrator. Open this within 15 minutes; it works once:")
        self.stdout.write(link_address(link.value))
