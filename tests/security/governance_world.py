"""Exceptions of both sides: what their owners ask for."""

from datetime import timedelta
from typing import Any

from apps.core import clock
from apps.governance.models import RiskException


def make_exception(side: dict[str, Any], marker: str, number: int) -> RiskException:
    """Return an exception that waits, asked for by the side's holder, about its finding."""
    now = clock.now()
    return RiskException.objects.create(
        number=number, kind="finding", key=str(side["finding"].pk), label=f"{marker}-accepted", severity="high",
        covers_check=side["finding"].check_id, covers_kind=side["finding"].subject_kind,
        covers_id=side["finding"].subject_id, because=f"{marker}-excuse", comp_check="GV-02", comp_kind="asset",
        comp_id=side["asset"].pk, comp_label=f"{marker}-compensates", ends_on=now.date() + timedelta(days=20),
        asked_by=side["holder"], asked_at=now, team=side["team"], needed=2,
    )  # fmt: skip


def put_exceptions(world: Any, ours: dict[str, Any], theirs: dict[str, Any], markers: tuple[str, str]) -> None:
    """Make both, and remember how addresses name them."""
    made = [
        make_exception(side, marker, n) for n, (side, marker) in enumerate(zip((ours, theirs), markers, strict=True), 1)
    ]
    for kind in ("exception", "api_exception"):
        world.put(kind, "number", *(row.number for row in made), 999_999_999)
    world.put("api_exception", "number", *(row.number for row in made), 999_999_999)
