"""`/livez` and `/readyz`: no detail leaks; Redis loss is degraded, not unready."""

from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.core.reconcile import HEARTBEAT
from apps.core.registry import Registry

HEARTBEAT_LIMIT = timedelta(seconds=30)
#: Readiness probes of upper floors (audit writable …): name → function returning whether all is well.
PROBES: Registry = Registry("readiness probe")


@never_cache
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """Answer that the process serves; depends on nothing."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer whether database, migrations, audit log and reconciler are as they must be: 200, or 503."""
    try:
        now = clock.now()
        migrated = not MigrationExecutor(connection).migration_plan(
            MigrationExecutor(connection).loader.graph.leaf_nodes()
        )
        well = migrated and all(probe() for probe in PROBES)
    except Exception:
        return JsonResponse({"status": "unready"}, status=503)
    if not well:
        return JsonResponse({"status": "unready"}, status=503)
    return JsonResponse({"status": "ready" if _reconciler_alive(now) else "degraded"})


def _reconciler_alive(now: datetime) -> bool:
    try:
        beat = cache.get(HEARTBEAT)
    except Exception:
        return False
    return beat is not None and now - datetime.fromisoformat(beat) < HEARTBEAT_LIMIT
