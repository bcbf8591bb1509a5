"""Model versions: when each was registered, which one is deployed, and what happened to its artifacts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random

from apps.portal.sample.catalogue import NEVER, Model

#: How many days after its registration a version takes over.
TAKEOVER = 3
#: Average days between two versions, by tier.
PACE = {"1": 40, "2": 75, "3": 120, "": 200}


@dataclass(frozen=True)
class Version:
    """One version of a model over the whole story; days are story days."""

    model: Model
    number: int
    day: int
    serialisation: str
    names_data: bool
    signed: int = NEVER
    tampered: int = NEVER

    @property
    def folder(self) -> str:
        """The name of its artifact folder: plain letters, digits and dashes."""
        return f"{self.model.name.replace(' ', '-')}-v{self.number}"

    @property
    def model_id(self) -> str:
        """MLflow 3's logged-model id."""
        return f"m-{_hex(self.folder, 'model')}"

    @property
    def run_id(self) -> str:
        """The id of the training run."""
        return _hex(self.folder, "run")


def _hex(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:32]


def _days(rng: Random, model: Model) -> list[int]:
    """Registration days: a past of one to three versions, planned releases, and nothing else in the story."""
    if model.appears > 0:
        return [model.appears, *model.released]
    pace = PACE[model.tier]
    past, day = [], -rng.randint(3, pace)
    for _ in range(rng.randint(1, 3)):
        past.append(day)
        day -= rng.randint(pace // 2, pace * 2)
    return [*sorted(past), *model.released]


def deployed_number(days: list[int], day: int) -> int:
    """The number of the version that serves on that day: the newest one past its takeover, else the first."""
    return max((n for n, since in enumerate(days, 1) if since + TAKEOVER <= day), default=1)


def build_versions(rng: Random, model: Model) -> tuple[Version, ...]:
    """All versions of one model in order; pure function of `rng` and `model`."""
    days = _days(rng, model)
    first_signed = deployed_number(days, model.signed_from)
    spoiled = deployed_number(days, model.tampered[0]) if model.tampered else 0
    found = []
    for number, day in enumerate(days, 1):
        form = [form for since, form in model.formats if since <= day][-1]
        signed = max(model.signed_from, day + 1) if model.signer and number >= first_signed else NEVER
        tampered = model.tampered[0] if model.tampered and number == spoiled else NEVER
        found.append(Version(model, number, day, form, day >= model.data_from, signed, tampered))
    return tuple(found)
