"""Removing access at a target that no grant explains: looked for again, taken away, looked for once more."""

from datetime import datetime

from apps.access.events import ORPHAN_REMOVED
from apps.access.models import Binding, Orphan
from apps.access.provisioning.contract import Found, Provisioner, Report, Work
from apps.access.provisioning.registry import provisioner
from apps.access.queries.cover import granted_levels
from apps.access.rules.bindings import can_remove_orphan
from apps.access.services.orphans import ACTOR as SCANNER
from apps.access.services.orphans import keep_found, listed_at
from apps.access.states import Presence
from apps.core import clock
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict
from apps.core.events import Subject


def remove_orphan(*, actor: Actor, orphan: Orphan) -> bool:
    """Take access away that no grant explains, through its provisioner; return whether it was seen gone.

    Live grants for the same account and resource keep theirs. No transaction is open while the target is called.
    Raises Forbidden, Conflict when a grant explains it now or it is gone, or when the target cannot be read.
    """
    _ask(actor=actor, orphan=orphan)
    binding = Binding.objects.select_related("connection").get(pk=orphan.binding_id)
    carrier = provisioner(binding.provisioner)
    found = _scanned(carrier, binding)
    keep_found(actor=SCANNER, binding=binding, found=found)
    orphan.refresh_from_db()
    if orphan.gone_at is not None:
        raise Conflict("This access is gone, or a grant explains it now.")
    report = _taken_away(carrier, binding, next(one for one in found if _is(one, orphan)))
    left = _scanned(carrier, binding)
    keep_found(actor=SCANNER, binding=binding, found=left)
    gone = not any(_is(one, orphan) for one in left)
    _keep(actor=actor, orphan=orphan, gone=gone, problem=str(report.evidence.get("problem", ""))[:300])
    return gone


@command(ORPHAN_REMOVED)
def _ask(*, actor: Actor, orphan: Orphan, now: datetime) -> Unchanged:
    """Ask the rule where a refusal is written down; the target is called outside of any transaction."""
    can_remove_orphan(actor, orphan).require()
    return Unchanged()


def _scanned(carrier: Provisioner, binding: Binding) -> list[Found]:
    try:
        return listed_at(carrier, binding)
    except Exception as problem:
        raise Conflict(f"The target cannot be read now: {problem}"[:300]) from None


def _taken_away(carrier: Provisioner, binding: Binding, item: Found) -> Report:
    now = clock.now()
    work = Work(
        grant=item.grant or 0,
        # Another number than any generation has: at targets that remember keys this is no repeat.
        generation=int(now.timestamp()),
        account=item.account,
        resource=item.resource,
        operation="",
        level=item.level,
        wanted=Presence.ABSENT,
        baseline="",
        keep=granted_levels(binding, item.account, item.resource, now),
        connection=binding.connection,
        settings=binding.settings,
    )
    try:
        return carrier.revoke(work)
    except Exception as problem:
        return Report(False, evidence={"problem": f"{type(problem).__name__}: {problem}"})


def _is(item: Found, orphan: Orphan) -> bool:
    return (item.account, item.resource, item.level) == (orphan.account, orphan.resource, orphan.level)


@command(ORPHAN_REMOVED)
def _keep(*, actor: Actor, orphan: Orphan, gone: bool, problem: str, now: datetime) -> Changed:
    facts: dict[str, object] = {
        "binding": orphan.binding_id,
        "account": orphan.account,
        "resource": orphan.resource,
        "level": orphan.level,
        "worked": gone,
        "problem": problem,
    }
    subject = Subject("binding", str(orphan.binding_id), orphan.binding.provisioner)
    return Changed(subject, facts, before="there", after="gone" if gone else "there")
