"""Health checks of the containers: `python -m ztportal.health web|reconciler|notary`. Exit 0 is healthy, 1 is not.

Each looks at an effect, not at a process: a loop that hangs is alive, and does nothing. Worker and beat answer
`celery inspect ping` instead.
"""

import argparse
import http.client
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import django

WEB_PORT = 8000
RECONCILER_LIMIT = timedelta(seconds=60)
NOTARY_LIMIT = timedelta(minutes=5)


def main() -> int:
    """Run the named check; whatever goes wrong in it is unhealthy."""
    parser = argparse.ArgumentParser(prog="ztportal.health")
    parser.add_argument("process", choices=sorted(CHECKS))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ztportal.settings")
    try:
        problem = CHECKS[parser.parse_args().process]()
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    if problem:
        print(problem, file=sys.stderr)
    return 1 if problem else 0


def web() -> str:
    """Return what is wrong with the answer of /readyz, if anything."""
    host = os.environ.get("ZTPORTAL_ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    connection = http.client.HTTPConnection("127.0.0.1", WEB_PORT, timeout=8)
    connection.request("GET", "/readyz", headers={"Host": "localhost" if host in {"", "*"} else host})
    status = connection.getresponse().status
    return "" if status == http.client.OK else f"/readyz answers {status}"


def reconciler() -> str:
    """Return how late the last round of any reconciler is, if it is."""
    from django.core.cache import cache

    from apps.core.reconcile import HEARTBEAT

    last = cache.get(HEARTBEAT)
    if last is None:
        return "no round has been recorded"
    return late("reconciler", datetime.fromisoformat(last), RECONCILER_LIMIT)


def notary() -> str:
    """Return which log the notary has not looked at for long, or found wrong, if any."""
    django.setup()
    from apps.audit.models import Head, Verification

    found = {status.log: status for status in Verification.objects.all()}
    for log in Head.objects.values_list("log", flat=True):
        if log not in found:
            return f"{log}: never verified"
        if not found[log].ok:
            return f"{log}: does not verify"
        if complaint := late(f"notary, {log}", found[log].verified_at, NOTARY_LIMIT):
            return complaint
    return ""


def late(name: str, last: datetime, limit: timedelta) -> str:
    """Return a complaint when `last` is longer ago than `limit`."""
    age = datetime.now(UTC) - last
    return f"{name}: last sign of work {int(age.total_seconds())} s ago" if age > limit else ""


CHECKS: dict[str, Callable[[], str]] = {"web": web, "reconciler": reconciler, "notary": notary}

if __name__ == "__main__":
    raise SystemExit(main())
