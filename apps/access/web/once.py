"""An operation that is asked for as itself: what is written in its form, its payload, and both in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
from django.http import QueryDict

from apps.access.models import HeldOperation
from apps.access.queries.cover import binding_for
from apps.access.rules.held import can_hold, can_run
from apps.access.services.held import UNDO_WINDOW, carrier_for
from apps.access.states import HELD_TONES, HeldState
from apps.access.web.words import clock_time
from apps.core.actor import Actor
from apps.core.errors import Invalid
from apps.inventory.models import Asset

#: A held operation has no duration: this is what its request is judged by where policies ask for one.
MINUTES = 30
LONGEST, MOST_SETTINGS = 500, 20
WORDS = {
    "what": "What is done",
    "version": "On version",
    "settings": "With",
    "artifact_digest": "Digest of the content",
}


@dataclass(frozen=True, slots=True)
class Once:
    """What somebody writes to ask for the operation itself; `digest` is that of the content as they were shown it."""

    what: str
    version: str
    settings: str
    digest: str

    def words(self) -> dict[str, str]:
        """Return the fields as the address names them."""
        fields = {"as": "once", "act": self.what, "version": self.version, "with": self.settings}
        return {name: value for name, value in fields.items() if value}

    def payload(self, asset: Asset) -> dict[str, Any]:
        """Return the payload. Raises Invalid naming the field that is wrong, or when the content is another by now."""
        if not self.what or len(self.what) > LONGEST:
            raise Invalid(f"Say what is to be done, in 1 to {LONGEST} characters.", act="Say what is to be done.")
        if not self.version or len(self.version) > LONGEST:
            raise Invalid("Say on which version.", version="Say on which version.")
        if self.digest != asset.content_digest:
            raise Invalid("The content of this asset changed since you were shown it. Look again, then ask.")
        payload: dict[str, Any] = {"what": self.what, "version": self.version}
        settings = _settings(self.settings)
        if settings:
            payload["settings"] = settings
        if asset.content_digest:
            payload["artifact_digest"] = asset.content_digest
        return payload


def read_once(data: QueryDict) -> Once | None:
    """Return what was written for the operation itself, None when access is asked for."""
    if data.get("as") != "once":
        return None
    return Once(
        what=data.get("act", "").strip()[: LONGEST + 1],
        version=data.get("version", "").strip()[: LONGEST + 1],
        settings=data.get("with", "").strip()[: LONGEST * MOST_SETTINGS],
        digest=data.get("digest", "").strip(),
    )


def _settings(text: str) -> dict[str, str]:
    """Return `name = value` lines as a mapping. Raises Invalid naming the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, sign, value = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        if not sign or not name or not value:
            raise Invalid(f"Line {number} of the settings is not “name = value”.", **{"with": f"Line {number}."})
        if name in found or len(line) > LONGEST or len(found) == MOST_SETTINGS:
            problem = "names a setting twice" if name in found else "is too long, or one too many"
            raise Invalid(f"Line {number} of the settings {problem}.", **{"with": f"Line {number}."})
        found[name] = value
    return found


def way_of(asset: Asset, operation: str) -> dict[str, Any]:
    """Return whether the operation itself can be asked for, and what would run it. At most two queries."""
    may = can_hold(asset, operation)
    return {"may": may, "runner": runner_of(asset, operation) if may else ""}


def runner_of(asset: Asset, operation: str) -> str:
    """Return the target that would run a held operation, empty where a person does it by hand. At most two queries."""
    binding = binding_for(asset, operation)
    by_hand = binding is None or binding.connection is None or carrier_for(binding).key != binding.provisioner
    return "" if by_hand or binding is None or binding.connection is None else binding.connection.name


def shown(held: HeldOperation) -> dict[str, Any]:
    """Return what is approved: the payload in words, to the letter, and its digest. No query."""
    return {
        "rows": _rows(held.payload),
        "text": rfc8785.dumps(held.payload).decode(),
        "digest": held.payload_digest,
    }


def _rows(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a payload as (name, value); what other programs wrote keeps its own names."""
    rows: list[tuple[str, str]] = []
    for name, value in payload.items():
        if isinstance(value, Mapping):
            rows += [(f"{WORDS.get(name, name)} {key}", _plain(one)) for key, one in value.items()]
        else:
            rows.append((WORDS.get(name, name), _plain(value)))
    return rows


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def status_of(held: HeldOperation, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return where a held operation stands, what came of it, and whether the actor may run it. At most 3 queries."""
    state = HeldState(held.state)
    runner = runner_of(held.request.asset, held.request.operation)
    return {
        **shown(held),
        "held": held,
        "state": str(state.label),
        "tone": HELD_TONES[state],
        "run": can_run(actor, held, now),
        "is_requester": actor.user_id == held.request.requester_id,
        "runner": runner,
        "from_at": clock_time(held.due_at, now) if state == HeldState.HELD else "",
        "until": clock_time(held.run_by, now) if state == HeldState.HELD else "",
        "result": _rows(held.result),
        "undo_seconds": int(UNDO_WINDOW.total_seconds()),
    }
