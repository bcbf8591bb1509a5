"""`manage.py confirm_role`: confirms a proposal while there is no second administrator to do it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import RoleChange
from apps.accounts.queries import open_proposals
from apps.accounts.services import confirm_role
from apps.core import clock
from apps.core.actor import system
from apps.core.errors import DomainError


class Command(BaseCommand):
    """List open proposals, or confirm one; refused where another administrator could (docs/decisions/0002-roles.md)."""

    help = "Confirm a proposed role from the command line, where no second security administrator exists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address and the role of the proposal."""
        parser.add_argument("email", nargs="?")
        parser.add_argument("role", nargs="?")

    def handle(self, *args: Any, **options: Any) -> None:
        """Confirm the proposal named, or list what waits."""
        now = clock.now()
        if not options["email"]:
            for change in open_proposals(now):
                self.stdout.write(f"{change.user.email} {change.role}, until {change.expires_at:%Y-%m-%d %H:%M} UTC")
            return
        found: RoleChange | None = open_proposals(now).filter(
            user__email__iexact=options["email"], role=options["role"] or ""
        ).first()  # fmt: skip
        if found is None:
            raise CommandError("There is no such open proposal; without arguments the command lists them.")
        try:
            confirm_role(actor=system("command line"), now=now, change=found)
        except DomainError as problem:
            raise CommandError(problem.reason) from problem
        self.stdout.write(f"{found.user.name} is {found.get_role_display()} now.")
