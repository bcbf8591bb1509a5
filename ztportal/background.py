"""Threads of the embedded default: Celery worker, beat, reconciler and notary, in the process of the pages."""

import io
import logging
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize

import celery
from celery import beat
from celery.worker import state as worker_state
from django.core.management import CommandError, call_command
from django.db import connection

from apps.core import reconcile

logger = logging.getLogger(__name__)

WORKER_THREADS = 2
RESTART_AFTER_SECONDS = 5.0
NOTARY_EVERY_SECONDS = 60.0
# How long a stop waits for tasks under way; what is cut off is taken up again when its lease ends.
STOP_WITHIN_SECONDS = 10.0


class Background:
    """Everything that runs beside the pages. `start` once per process; `stop` may be called again, and is at exit."""

    def __init__(self, app: celery.Celery) -> None:
        self.app = app
        self.stopping = threading.Event()
        self.worker: celery.worker.WorkController | None = None
        self.beat: beat.Service | None = None
        self.threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start all threads. They end with the process, or with the process that started it."""
        # The checks of Django ran when the server started; the worker need not repeat them.
        os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
        # One line per wake-up would bury everything else in the one log of this process.
        for chatty in ("celery", "kombu"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        self._thread("worker", self._work)
        self._thread("beat", self._beat)
        self._thread("reconciler", self._reconcile)
        self._thread("notary", self._notarise)
        watcher = threading.Thread(target=self._watch_parent, args=(os.getppid(),), name="watch-parent", daemon=True)
        watcher.start()
        # Servers that fork end their children without atexit; this is run at both kinds of end.
        Finalize(self, self.stop, exitpriority=100)

    def stop(self) -> None:
        """Take no new work and wait for what is under way, for a limited time."""
        self.stopping.set()
        if self.beat is not None:
            self.beat.stop()
        worker_state.should_stop = 0
        for thread in self.threads:
            if thread is not threading.current_thread():
                thread.join(STOP_WITHIN_SECONDS)

    def _thread(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._keep_going, args=(name, work), name=name, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _keep_going(self, name: str, work: Callable[[], None]) -> None:
        """Run `work` again whenever it ends before the process does."""
        while not self.stopping.is_set():
            try:
                work()
            except Exception:
                logger.exception("background thread failed, it starts again", extra={"thread_name": name})
            self.stopping.wait(RESTART_AFTER_SECONDS)

    def _work(self) -> None:
        self.worker = self.app.WorkController(
            hostname="embedded@localhost",
            pool_cls="threads",
            concurrency=WORKER_THREADS,
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        self.worker.start()

    def _beat(self) -> None:
        # The plain scheduler keeps its times in memory: beat is only a wake-up, a forgotten tick costs nothing.
        self.beat = beat.Service(self.app, scheduler_cls=beat.Scheduler, max_interval=1)
        self.beat.start()

    def _reconcile(self) -> None:
        reconcile.loop(self.stopping)

    def _notarise(self) -> None:
        """Sign checkpoints. Production gives this to a process and a user of its own."""
        while not self.stopping.wait(RESTART_AFTER_SECONDS):
            try:
                call_command("audit_notary", "--once", "--create-key", stdout=io.StringIO(), stderr=io.StringIO())
            except CommandError as refusal:
                logger.error("the notary did not sign", extra={"problem": str(refusal)})
            finally:
                connection.close()
            self.stopping.wait(NOTARY_EVERY_SECONDS)

    def _watch_parent(self, parent: int) -> None:
        """End this process when its parent is gone, so that a killed server leaves nothing behind on its port."""
        while not self.stopping.wait(1.0):
            if os.getppid() != parent:
                logger.warning("the server process is gone, its worker ends too")
                os.kill(os.getpid(), signal.SIGTERM)
                self.stopping.wait(STOP_WITHIN_SECONDS)
                os._exit(1)
