"""The portal as its own target: its decision point and its tokens ask the live grants, so there is nothing to carry."""

from apps.access.models import Binding, Grant
from apps.access.provisioning.contract import Found, Order, Report, Work
from apps.access.provisioning.registry import PORTAL
from apps.access.queries.live import live_grants
from apps.access.states import WANTED_GRANTS, Presence
from apps.core import clock


class PortalProvisioner:
    """Grants that the portal's decision point enforces; the observation is its own predicate."""

    key = PORTAL
    title = "This portal's decision point"
    native_expiry = True
    executes = False
    levels: tuple[str, ...] = ()

    def grant(self, work: Work) -> Report:
        """Return that nothing is to be carried."""
        return Report(True, evidence={"decided by": "the decision point of the portal"})

    def revoke(self, work: Work) -> Report:
        """Return that nothing is to be carried: a grant that is not active is refused at once."""
        return Report(True, evidence={"decided by": "the decision point of the portal"})

    def observe(self, work: Work) -> Report:
        """Return what the decision point would answer: one being given counts as present from its first instant."""
        usable = live_grants(clock.now()).filter(pk=work.grant).exists()
        given = usable or Grant.objects.filter(pk=work.grant, state__in=WANTED_GRANTS, expires_at__isnull=True).exists()
        seen = Presence.PRESENT if (given if work.wanted == Presence.PRESENT else usable) else Presence.ABSENT
        return Report(True, seen, work.level if usable else "", {"usable": usable})

    def scan(self, binding: Binding) -> list[Found]:
        """Return nothing: no grant, no access."""
        return []

    def execute(self, order: Order) -> Report:
        """Return a refusal: the portal runs nothing at targets."""
        return Report(False, evidence={"problem": "The portal runs nothing by itself.", "refused": True})

    executed = execute
