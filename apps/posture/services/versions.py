"""Versions of checks: put in force when code or parameters change."""

from datetime import datetime
from typing import Any

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import Subject
from apps.posture import events, rules
from apps.posture.models import CheckVersion
from apps.posture.spec import CHECKS, CheckSpec


def spec_of(check_id: str) -> CheckSpec:
    """Return a registered check. Raises NotFound."""
    spec = CHECKS.get(check_id)
    if spec is None:
        raise NotFound(f"There is no check {check_id}.")
    return spec


def _next_version(
    spec: CheckSpec, active: CheckVersion | None, params: dict[str, Any], actor: Actor, note: str, now: datetime
) -> CheckVersion:
    """Replace the active version. Raises Conflict when another took its place meanwhile."""
    number = 1
    if active is not None:
        number = active.number + 1
        if not CheckVersion.objects.filter(pk=active.pk, active=True).update(active=False):
            raise Conflict(f"{spec.id} was changed meanwhile.")
    return CheckVersion.objects.create(
        check_id=spec.id,
        number=number,
        params=params,
        code_version=spec.version,
        note=note,
        created_at=now,
        created_by=actor.label,
        created_by_id=actor.id,
    )


@command(events.CHECK_VERSIONED)
def ensure_version(*, actor: Actor, check_id: str, now: datetime) -> Changed | Unchanged:
    """Return the version in force, first putting one in force for a new check or new code.

    Parameters are kept where they are still within bounds, else they go back to their defaults.
    """
    spec = spec_of(check_id)
    active = CheckVersion.objects.filter(check_id=spec.id, active=True).first()
    if active is not None and active.code_version == spec.version:
        return Unchanged(value=active)
    note = "First version" if active is None else f"The check's code is now version {spec.version}"
    version = _next_version(spec, active, _kept(spec, active.params if active else {}), actor, note, now)
    details: dict[str, object] = {"check": spec.id, "version": version.number, "code_version": spec.version}
    return Changed(Subject("check", spec.id, spec.title), details, value=version)


def _kept(spec: CheckSpec, params: dict[str, Any]) -> dict[str, Any]:
    kept = spec.defaults()
    for parameter in spec.parameters:
        try:
            kept[parameter.name] = parameter.parsed(params[parameter.name])
        except (KeyError, Invalid):
            continue
    return kept


@command(events.CHECK_TUNED)
def set_parameters(
    *,
    actor: Actor,
    check_id: str,
    params: dict[str, Any],
    note: str = "",
    expected_version: int | None = None,
    now: datetime,
) -> Changed | Unchanged:
    """Put new parameters in force; the next run judges with them, and trends mark the change.

    `expected_version` is the number of the version that was previewed. Raises Forbidden, NotFound, Invalid for a value
    out of bounds, Conflict when the check was changed meanwhile.
    """
    rules.can_tune(actor).require()
    spec = spec_of(check_id)
    parsed = spec.parsed(params)
    active: CheckVersion = ensure_version(actor=actor, check_id=check_id, now=now).value
    if expected_version is not None and active.number != expected_version:
        raise Conflict(f"{spec.id} was changed meanwhile: version {active.number} is in force.")
    if parsed == active.params:
        return Unchanged(value=active)
    version = _next_version(spec, active, parsed, actor, note[:500], now)
    details: dict[str, object] = {
        "check": spec.id,
        "version": version.number,
        "before": _words(active.params),
        "after": _words(parsed),
        "note": version.note,
    }
    return Changed(Subject("check", spec.id, spec.title), details, value=version)


def _words(params: dict[str, Any]) -> str:
    shown = (f"{name} = {', '.join(value) if isinstance(value, list) else value}" for name, value in params.items())
    return "; ".join(shown)
