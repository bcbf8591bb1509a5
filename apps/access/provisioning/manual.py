"""Targets that no program reaches: people give and take the access, and prove it."""

from apps.access.models import Binding, ManualTask
from apps.access.provisioning.contract import Found, Order, Report, Work
from apps.access.services.manual import task_for, task_for_held
from apps.access.states import Presence, TaskKind
from apps.core import clock
from apps.governance.operations import verb_of

#: How often the task is asked about, in seconds; its confirmation wakes the grant at once.
ASK_EVERY = 60.0


class ManualProvisioner:
    """A task for each step. Whoever confirms it is the observation: neither the holder nor the requester may."""

    key = "manual"
    title = "By hand, with proof"
    native_expiry = False
    executes = True
    levels: tuple[str, ...] = ()

    def grant(self, work: Work) -> Report:
        """Put the task to give the access."""
        return self._put(work, TaskKind.GIVE, f"Give {work.account} “{work.level}” on {work.resource}.")

    def revoke(self, work: Work) -> Report:
        """Put the task to take the access away, leaving what was there before and what other grants give."""
        left = ", ".join(filter(None, [work.baseline or "", *work.keep])) or "nothing"
        text = f"Take “{work.level}” on {work.resource} from {work.account} and end open sessions; leave {left}."
        return self._put(work, TaskKind.TAKE, text)

    def observe(self, work: Work) -> Report:
        """Return what was confirmed last for this grant: given in this generation, or taken away since."""
        if work.baseline is None:
            return Report(True, Presence.ABSENT, evidence={"why": "No program reads this target."})
        done = ManualTask.objects.filter(grant_id=work.grant, done_at__isnull=False)
        last = done.order_by("generation", "done_at").select_related("done_by").last()
        if last is None:
            return Report(True, Presence.UNKNOWN, retry_after=ASK_EVERY)
        evidence = {"confirmed by": last.done_by.name if last.done_by else "", "proof": last.proof}
        if last.kind == TaskKind.TAKE:
            again = ManualTask.objects.filter(grant_id=work.grant, kind=TaskKind.GIVE, generation__gt=last.generation)
            if work.wanted == Presence.ABSENT and again.exists():
                # Somebody was asked to give it again since, and may have done so without saying it.
                return Report(True, Presence.UNKNOWN, retry_after=ASK_EVERY)
            return Report(True, Presence.ABSENT, evidence=evidence)
        current = last.generation == work.generation or work.wanted == Presence.PRESENT
        return Report(True, Presence.PRESENT if current else Presence.UNKNOWN, work.level, evidence, ASK_EVERY)

    def scan(self, binding: Binding) -> list[Found]:
        """Return nothing: no program reads this target."""
        return []

    def execute(self, order: Order) -> Report:
        """Put the task to run the operation."""
        text = (
            f"{verb_of(order.operation)}: {order.resource}, exactly as approved (payload {order.payload_digest[:12]})."
        )
        task_for_held(order.held, text, clock.now())
        return Report(True, Presence.UNKNOWN, evidence={"task": "put"}, retry_after=ASK_EVERY)

    def executed(self, order: Order) -> Report:
        """Return whether somebody confirmed that it was run."""
        task = ManualTask.objects.filter(held_id=order.held).select_related("done_by").first()
        if task is None:
            return Report(True, Presence.ABSENT)
        if task.done_at is None:
            return Report(True, Presence.UNKNOWN, retry_after=ASK_EVERY)
        proof = {"confirmed by": task.done_by.name if task.done_by else "", "proof": task.proof}
        return Report(True, Presence.PRESENT, evidence=proof)

    def _put(self, work: Work, kind: TaskKind, text: str) -> Report:
        task = task_for(work.grant, work.generation, kind, text, clock.now())
        if task.done_at is not None:
            return Report(True, evidence={"task": task.pk})
        return Report(True, Presence.UNKNOWN, evidence={"task": task.pk, "due": task.due_at.isoformat()},
                      retry_after=ASK_EVERY)  # fmt: skip
