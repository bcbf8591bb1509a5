"""Loading the sample organisation: the same importers, runs and commands as everybody's, week by week."""

import logging
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from apps.accounts.services.sample import SamplePerson, ensure_sample_users
from apps.core import clock
from apps.core.actor import Actor, Role, system
from apps.core.command import Changed, command
from apps.core.errors import Conflict, DomainError
from apps.core.events import Subject
from apps.insights.services.snapshots import take_due_snapshots
from apps.integrity.services.keys import trust_key
from apps.inventory.importing.collect import collect
from apps.inventory.models import Asset, Person, Source
from apps.inventory.services.intake import import_files
from apps.inventory.services.linking import link_user
from apps.inventory.services.ownership import confirm_owner
from apps.portal import events
from apps.portal.sample import (
    CAST,
    TRUSTED_KEY,
    TRUSTED_KEY_NAME,
    Batch,
    Confirmation,
    by_week,
    colleagues,
    confirmations,
    generate,
    latest_end,
)
from apps.portal.services.access_history import player_of, read_old_notices
from apps.portal.services.review_history import reviewing_of
from apps.posture.services.executing import execute_run
from apps.posture.services.runs import request_run
from apps.posture.states import Trigger

log = logging.getLogger(__name__)
ACTOR = system("sample")
#: Team of a sample sign-in, and whether they manage it.
TEAMS = {"manager": ("Model Engineering", True), "engineer": ("Model Engineering", False)}
#: How long before the first export the sample's people began to use the portal.
BEFORE = timedelta(days=30)
Say = Callable[[str], None]


def load_sample(say: Say = log.info, *, seed: int = 7, weeks: int = 13) -> None:
    """Load the sample organisation into an empty portal: users, trusted key, imports and runs in date order.

    Takes about a minute. Raises Conflict when the portal already holds sources.
    """
    if Source.objects.exists():
        raise Conflict("The sample organisation is loaded into an empty portal only; this one has sources.")
    now = clock.now()
    end = latest_end(now)
    waiting = list(confirmations(end=end, seed=seed, weeks=weeks))
    runs = imports = 0
    with tempfile.TemporaryDirectory(prefix="ztportal-sample-") as folder:
        batches = generate(Path(folder), end=end, seed=seed, weeks=weeks)
        ensure_people(batches[0].observed_at - BEFORE, seed)
        player = player_of(since=batches[0].observed_at, end=end, now=now, seed=seed)
        reviewing = reviewing_of(since=batches[0].observed_at, end=end, now=now, seed=seed)
        key = (Path(folder) / TRUSTED_KEY).read_text(encoding="ascii")
        trust_key(actor=ACTOR, name=TRUSTED_KEY_NAME, pem=key, is_sample=True)
        for week in by_week(batches):
            at = week[-1].observed_at
            for batch in week:
                # A review shows what was known on its day, and an import after it proves what was removed.
                reviewing.play_until(batch.observed_at)
                _import(batch)
                imports += 1
            if not runs:
                link_people(batches[0].observed_at, seed)
            waiting = _confirm(waiting, at)
            player.play_until(at)
            _run(at)
            # A number of that week is counted while the inventory is as it was then.
            take_due_snapshots()
            runs += 1
            say(f"  week of {at:%d %b %Y}: {len(week)} exports imported, checks run")
    player.play_until(now)
    reviewing.play_until(now)
    read_old_notices(now)
    record_loaded(actor=ACTOR, weeks=runs, imports=imports, runs=runs)


def ensure_cast() -> list[tuple[SamplePerson, str]]:
    """Create the sign-ins that are missing; return each with its first password, empty where it was changed."""
    found = ensure_sample_users(actor=ACTOR, people=_cast()).value
    return [(person, password) for person, _, password in found]


def ensure_people(at: datetime, seed: int) -> None:
    """Create the cast and their colleagues as of a moment before the story: who joins later decides nothing earlier."""
    ensure_sample_users(actor=ACTOR, people=_everyone(seed), now=at)


def link_people(at: datetime, seed: int) -> None:
    """Link each sample user to the person of the same mail, so that they see what is theirs and may decide."""
    for person, user, _ in ensure_sample_users(actor=ACTOR, people=_everyone(seed), now=at).value:
        found = Person.objects.filter(email__iexact=person.email).first()
        if found is not None:
            link_user(actor=ACTOR, person_id=found.pk, user_id=user.pk, now=at)


def _cast() -> list[SamplePerson]:
    return [SamplePerson(m.email, m.name, Role(m.role), *TEAMS.get(m.role, ("", False))) for m in CAST]


def _everyone(seed: int) -> list[SamplePerson]:
    return [*_cast(), *(SamplePerson(c.email, c.name, Role(c.role), c.team) for c in colleagues(seed))]


def _import(batch: Batch) -> None:
    import_files(
        actor=ACTOR,
        format=batch.format,
        files=collect(batch.paths),
        source_name=batch.source,
        observed_at=batch.observed_at,
        options=batch.options,
        is_sample=True,
    )


def _run(at: datetime) -> None:
    run = request_run(actor=ACTOR, trigger=Trigger.COMMAND, as_of=at, inline=True).value
    execute_run(actor=ACTOR, number=run.pk)


def _confirm(waiting: list[Confirmation], at: datetime) -> list[Confirmation]:
    """Confirm the owners that were confirmed by then; return the rest."""
    for confirmation in waiting:
        if confirmation.at > at:
            continue
        asset = Asset.objects.present().filter(kind=confirmation.kind, name=confirmation.name)
        if confirmation.version:
            asset = asset.filter(version=confirmation.version)
        owner = Person.objects.filter(email__iexact=confirmation.owner).first()
        target = asset.first()
        if target is None or owner is None:
            continue
        try:
            confirm_owner(actor=ACTOR, asset_id=target.pk, person_id=owner.pk, now=confirmation.at)
        except DomainError as refusal:
            log.info("sample owner not confirmed", extra={"asset": confirmation.name, "reason": refusal.reason})
    return [confirmation for confirmation in waiting if confirmation.at > at]


@command(events.SAMPLE_LOADED)
def record_loaded(*, actor: Actor, weeks: int, imports: int, runs: int, now: datetime) -> Changed:
    """Record that the sample organisation was loaded."""
    details: dict[str, object] = {"weeks": weeks, "imports": imports, "runs": runs}
    return Changed(Subject("sample", "organisation", "Fenwick Mutual"), details)
