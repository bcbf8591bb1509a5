"""`manage.py reconcile`: the reconciler as a process of its own."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.core.reconcile import loop, run_once


class Command(BaseCommand):
    """Do due work from the database until told to stop."""

    help = "Do due work (imports, runs, audit journal) from the database; safe to run in several copies."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--once` and `--interval`."""
        parser.add_argument("--once", action="store_true", help="one round, then stop")
        parser.add_argument("--interval", type=float, default=5.0, help="seconds between rounds")

    def handle(self, *args: Any, once: bool, interval: float, **options: Any) -> None:
        """Run once, or loop until SIGTERM or SIGINT."""
        if once:
            self.stdout.write(f"{run_once()} rows moved")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        loop(stop, interval)
