"""Taking away standing access at a connected target: what no grant of the portal gave, taken away and looked for."""

from collections.abc import Callable
from dataclasses import dataclass

from apps.access.provisioning.contract import Report, Work
from apps.access.provisioning.registry import provisioner
from apps.access.queries.cover import resource_of
from apps.access.queries.standing import rests_on_standing, standing_binding
from apps.access.states import Presence
from apps.core import clock
from apps.inventory.models import Entitlement


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: whether the target was seen without the access, and its answer, secrets removed."""

    gone: bool
    evidence: dict[str, object]

    @property
    def problem(self) -> str:
        """Return in words why it is not gone; empty when it is."""
        said = str(self.evidence.get("problem", ""))[:300]
        return "" if self.gone else said or "The target still shows it."


def remove_standing(entitlement: Entitlement) -> Taken:
    """Take standing access away through the binding that reaches it, then look. Idempotent; whether it may be taken is
    the caller's question. No transaction may be open: the target is called.

    A grant that has not ended there comes first, because its end puts back what it found.
    """
    binding = standing_binding(entitlement)
    account = entitlement.identity.login
    if binding is None or entitlement.asset is None or not account:
        return Taken(False, {"problem": "No connected target reaches this access."})
    resource = resource_of(binding, entitlement.asset)
    if rests_on_standing(binding, account, resource):
        return Taken(False, {"problem": "A grant of the portal has not ended there yet."})
    carrier = provisioner(binding.provisioner)
    work = Work(
        grant=0,
        # Another number than any generation has: at targets that remember keys this is no repeat.
        generation=int(clock.now().timestamp()),
        account=account,
        resource=resource,
        operation="",
        level=entitlement.operation,
        wanted=Presence.ABSENT,
        baseline="",
        connection=binding.connection,
        settings=binding.settings,
    )
    tried = _called(carrier.revoke, work)
    seen = _called(carrier.observe, work)
    evidence = {**tried.evidence, **seen.evidence, "binding": binding.pk, "account": account, "resource": resource}
    return Taken(seen.observed == Presence.ABSENT, evidence)


def _called(call: Callable[[Work], Report], work: Work) -> Report:
    try:
        return call(work)
    except Exception as problem:
        return Report(False, evidence={"problem": f"{type(problem).__name__}: {problem}"[:300]})
