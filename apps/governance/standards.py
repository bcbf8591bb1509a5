"""Ids and titles of the standards that checks refer to. The texts of the standards are not included.

Data files in `data/` carry edition, attribution and licence; always show the edition with the id, because lists are
renumbered between editions (the OWASP LLM Top 10 was in 2026).
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement, technique or control of a framework."""

    framework: str
    edition: str
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Framework:
    """A standard in one edition, with whom to credit."""

    slug: str
    name: str
    edition: str
    attribution: str
    licence: str
    controls: dict[str, Control]


@cache
def frameworks() -> dict[str, Framework]:
    """Return all frameworks by slug. Raises ValueError when a data file lists an id twice."""
    return {framework.slug: framework for framework in map(_read, sorted(DATA.glob("*.json")))}


def _read(path: Path) -> Framework:
    content = json.loads(path.read_text(encoding="utf-8"))
    slug, edition = content["framework"], content["edition"]
    controls = {entry["id"]: Control(slug, edition, entry["id"], entry["title"]) for entry in content["entries"]}
    if len(controls) != len(content["entries"]):
        raise ValueError(f"{path.name} lists an id twice")
    return Framework(slug, content["name"], edition, content["attribution"], content["licence"], controls)


def control(framework: str, control_id: str) -> Control | None:
    """Return the control, or None where the project ships no title for it."""
    found = frameworks().get(framework)
    return found.controls.get(control_id) if found else None
