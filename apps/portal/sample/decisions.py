"""What people of the sample decided in the portal itself: who was confirmed as owner of what, and when.

A source only claims an owner; confirming is an act in the portal. Played between the imports, these give the checks of
ownership a history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from apps.portal.sample.catalogue import MODELS, NEVER
from apps.portal.sample.registry import CONNECTED, Registry, snapshot
from apps.portal.sample.story import Story, build_story
from apps.portal.sample.timeline import LAST_DAY, Timeline

#: Owners are confirmed between these days, most of them soon; the rest wait.
FIRST, LAST = CONNECTED + 1, 86
CONFIRMED_SHARE = 0.85


@dataclass(frozen=True)
class Confirmation:
    """Somebody was confirmed as the owner of an asset: `version` is the digest of a dataset, empty for a model."""

    at: datetime
    kind: str
    name: str
    version: str
    owner: str


def _model_days(rng: Random, story: Story) -> list[tuple[int, str, str, str, str]]:
    mails = {p.email: p for p in story.people}
    found = []
    for model in MODELS:
        luck, delay = rng.random(), int(rng.triangular(0, 50, 12))
        owner = mails.get(story.registry.owners[model.name])
        day = max(FIRST, model.owner_from, model.appears) + delay
        if owner is None or luck > CONFIRMED_SHARE and not owner.seated:
            continue
        # Nobody confirms somebody who has left; those who leave later stay on record.
        day = min(day, owner.leaves - 1) if owner.leaves is not None else day
        if FIRST <= day <= LAST and day < model.leaves:
            found.append((day, "model", model.name, "", owner.email))
    return found


def _first_named(registry: Registry, name: str, digest: str) -> int:
    """The day the registry's export first shows a snapshot of a dataset."""
    days = [
        version.day + 1
        for versions in registry.versions.values()
        for version in versions
        if version.names_data and name in version.model.sets and snapshot(name, version.day) == digest
    ]
    return max(min(days, default=NEVER), CONNECTED)


def _dataset_days(rng: Random, registry: Registry) -> list[tuple[int, str, str, str, str]]:
    found = []
    for name, steward in registry.stewards.items():
        for digest in dict.fromkeys((snapshot(name, 0), snapshot(name, LAST_DAY))):
            day = max(_first_named(registry, name, digest) + 7, 42) + int(rng.triangular(0, 45, 20))
            if steward and day <= LAST:
                found.append((day, "dataset", name, digest, steward))
    return found


def confirmations(*, end: date, seed: int = 7, weeks: int = 13) -> list[Confirmation]:
    """Every confirmation of the story in date order, for the same `end`, `seed` and `weeks` as `generate`.

    Each falls between two exports, after one that shows the asset and the claim. With fewer weeks the earlier ones
    fall together on the first day, after the first exports; those of people who had left by then are not told.
    """
    story, timeline = build_story(seed), Timeline(end)
    start = LAST_DAY - 7 * weeks
    rng = Random(f"{seed}:decisions")
    gone = {p.email for p in story.people if p.leaves is not None and not p.listed(start)}
    days = [row for row in (*_model_days(rng, story), *_dataset_days(rng, story.registry)) if row[-1] not in gone]
    return [
        Confirmation(timeline.export_at(max(day, start), "signing") + timedelta(hours=3, minutes=n % 120), *rest)
        for n, (day, *rest) in enumerate(sorted(days))
    ]
