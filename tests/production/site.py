"""The processes of production, started by hand: the very commands of docker-compose.yml, on a database of their own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from tests.journeys.portal import ROOT, answer, environment, free_port, manage, wait_until

BIN = Path(sys.executable).parent
HOST = "portal.fenwick.example"
SECRET = "k7Jq2vXw9Zr4Tn8Bm3Lc6Hd1Gf5Ys0Pa-Ue_Oi-Kj7Wq2Ex9Rt4Yu8"
CREDENTIAL_KEY = "3pXvN0c1Zr8Yw5Qk7Jm2Hd9Tf4Bs6Lg_UaEoIiR-xWc="
PROCESSES = {
    "reconciler": ("manage.py", "reconcile"),
    "worker": ("celery", "--app", "ztportal", "worker", "--concurrency", "2", "--loglevel", "ERROR"),
    "beat": ("celery", "--app", "ztportal", "beat", "--scheduler", "celery.beat.Scheduler", "--loglevel", "ERROR"),
    "notary": ("manage.py", "audit_notary", "--create-key"),
}


def named(url: str, database: str) -> str:
    """The address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@dataclass
class Site:
    """A production installation: its environment and its running processes."""

    folder: Path
    database_url: str
    redis_url: str
    port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """The environment of all its processes."""
        return environment(
            self.folder,
            DATABASE_URL=self.database_url,
            REDIS_URL=self.redis_url,
            ZTPORTAL_SECRET_KEY=SECRET,
            ZTPORTAL_CREDENTIAL_KEYS=CREDENTIAL_KEY,
            ZTPORTAL_ALLOWED_HOSTS=HOST,
            ZTPORTAL_ORIGIN=f"https://{HOST}",
            ZTPORTAL_STATIC_ROOT=str(self.folder / "static"),
            ZTPORTAL_LOG_LEVEL="ERROR",
        )

    def manage(self, *words: str, expect: int = 0) -> str:
        """Run a management command."""
        return manage(self.variables, *words, expect=expect)

    def start(self, *names: str) -> None:
        """Start processes, each in a group of its own."""
        for name in names:
            head, *rest = self.web() if name == "web" else PROCESSES[name]
            program = [sys.executable, head] if head == "manage.py" else [str(BIN / head)]
            self.running[name] = subprocess.Popen(
                [*program, *rest], cwd=ROOT, env=self.variables, start_new_session=True, stdout=subprocess.DEVNULL
            )

    def web(self) -> tuple[str, ...]:
        """The command of the web process, as the image starts it."""
        words = "granian --interface wsgi --host 127.0.0.1 --port PORT --workers 2 --blocking-threads 4 --no-ws"
        return (*words.replace("PORT", str(self.port)).split(), "--log-level", "error", "ztportal.wsgi:application")

    def kill(self, *names: str) -> None:
        """Kill processes with all their children, as a power cut would."""
        for name in names:
            process = self.running.pop(name)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Ask as the proxy does that ended TLS."""
        return answer(f"http://127.0.0.1:{self.port}{path}", **{"Host": HOST, "X-Forwarded-Proto": "https", **headers})

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read from the database."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query.replace("?", "%s"), values).fetchall()

    def number(self, query: str, *values: object) -> int:
        """Read one number."""
        return int(self.rows(query, *values)[0][0])


@contextmanager
def installed(folder: Path, database_url: str, redis_url: str) -> Iterator[Site]:
    """Make a database, migrate it, and leave neither process nor database behind."""
    name = f"production_{os.getpid()}"
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
    redis.Redis.from_url(redis_url).flushdb()
    site = Site(folder, named(database_url, name), redis_url)
    try:
        site.manage("migrate", "--noinput", "--verbosity", "0")
        yield site
    finally:
        site.kill(*list(site.running))
        with psycopg.connect(database_url, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        redis.Redis.from_url(redis_url).flushdb()


def wait_for_number(place: Any, query: str, wanted: int, seconds: float, complaint: str) -> None:
    """Wait until a query answers this number."""
    wait_until(lambda: place.number(query) == wanted, seconds, complaint)
