"""What terms a review may have."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.core.errors import Invalid
from apps.core.reviewables import REVIEWABLES
from apps.governance.tiers import TIERS
from apps.inventory.states import AssetKind
from apps.reviews.states import Default, Fallback, ReviewerRule

LISTS = ("assets", "kinds", "tiers", "teams", "subjects")
FLAGS = ("privileged_only", "non_human_only", "guests_only", "governance")
LONGEST_STAGE, MOST_STAGES, MOST_DAYS = 60, 3, 90
LARGEST_GROUP, LONGEST_LIST = 50, 1000


def clean_scope(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scope as it is stored. Raises Invalid naming the part that is wrong."""
    unknown = sorted(set(scope) - {*LISTS, *FLAGS})
    if unknown:
        raise Invalid(f"A scope has no part {unknown[0]!r}.", scope="Unknown part.")
    clean: dict[str, Any] = {}
    for name in LISTS:
        values = scope.get(name) or []
        if not isinstance(values, list | tuple) or len(values) > LONGEST_LIST:
            raise Invalid(f"{name}: a list of at most {LONGEST_LIST}.", **{name: "Choose fewer."})
        if values:
            clean[name] = [_one(name, value) for value in values]
    clean |= {name: True for name in FLAGS if scope.get(name)}
    return clean


def _one(name: str, value: Any) -> Any:
    known: dict[str, list[Any]] = {
        "kinds": AssetKind.values,
        "tiers": list(TIERS),
        "subjects": [kind.kind for kind in REVIEWABLES if not kind.governance],
    }
    allowed = known.get(name)
    try:
        clean: Any = str(UUID(str(value))) if name == "assets" else value
        clean = int(value) if name in ("teams", "tiers") else clean
    except ValueError:
        raise Invalid(f"{name}: {str(value)[:60]!r} is none.", **{name: "Choose from the list."}) from None
    if allowed is not None and clean not in allowed:
        raise Invalid(f"{name}: {str(value)[:60]!r} is none.", **{name: "Choose from the list."})
    return clean


def clean_stages(stages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return stages as they are stored. Raises Invalid: too many, no such rule, nobody in a group, self as the last
    stage (self-attestation is input only, invariant 17)."""
    if not 1 <= len(stages) <= MOST_STAGES:
        raise Invalid(f"A review has 1 to {MOST_STAGES} stages.", stages="Add a stage.")
    clean = [_stage(number, stage) for number, stage in enumerate(stages, 1)]
    if clean[-1]["reviewer"] == ReviewerRule.SELF:
        raise Invalid("Holders give input; the last stage is somebody else's.", stages="Add a stage after it.")
    return clean


def _stage(number: int, stage: Mapping[str, Any]) -> dict[str, Any]:
    reviewer, fallback = str(stage.get("reviewer", "")), str(stage.get("fallback") or Fallback.CISO)
    if reviewer not in ReviewerRule.values or fallback not in Fallback.values:
        raise Invalid(f"Stage {number}: choose who reviews and who stands in.", stages="Choose from the lists.")
    try:
        days = int(stage.get("days", 14))
        group = [str(UUID(str(value))) for value in stage.get("group") or []]
    except (TypeError, ValueError):
        raise Invalid(f"Stage {number}: a number of days, and people of the list.", stages="Check it.") from None
    if not 1 <= days <= LONGEST_STAGE:
        raise Invalid(f"Stage {number} lasts 1 to {LONGEST_STAGE} days.", stages="Check the days.")
    if (reviewer == ReviewerRule.GROUP) != bool(group) or len(group) > LARGEST_GROUP:
        raise Invalid(f"Stage {number}: a named group has 1 to {LARGEST_GROUP} people.", stages="Name the people.")
    return {"reviewer": reviewer, "group": group, "fallback": fallback, "days": days}


def clean_terms(
    *,
    name: str,
    scope: Mapping[str, Any],
    stages: Sequence[Mapping[str, Any]],
    default_choice: str,
    grace_days: int,
    removal_days: int,
) -> dict[str, Any]:
    """Return the columns of a scope's or campaign's terms. Raises Invalid."""
    if not name.strip() or len(name) > 200:
        raise Invalid("A name has 1 to 200 characters.", name="Name it.")
    if default_choice not in Default.values:
        raise Invalid("The default is keep, revoke or suspend.", default_choice="Choose from the list.")
    for field, days in (("grace_days", grace_days), ("removal_days", removal_days)):
        if not 1 <= days <= MOST_DAYS:
            raise Invalid(f"1 to {MOST_DAYS} days.", **{field: f"1 to {MOST_DAYS} days."})
    return {
        "name": name.strip(),
        "scope": clean_scope(scope),
        "stages": clean_stages(stages),
        "default_choice": default_choice,
        "grace_days": grace_days,
        "removal_days": removal_days,
    }
