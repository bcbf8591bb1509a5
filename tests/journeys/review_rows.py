"""A review of 214 items on one manager's sheet: 23 to look at closely, 41 not used, 150 used and usual.

It runs in a process of its own, with the product's settings, on the data folder it is given.
"""

from datetime import datetime, timedelta
from typing import Any

import django

django.setup()

from allauth.mfa.models import Authenticator  # noqa: E402
from allauth.mfa.utils import encrypt  # noqa: E402

from apps.core import clock  # noqa: E402
from apps.inventory.models import Asset, Person  # noqa: E402
from apps.inventory.states import UseState  # noqa: E402
from apps.reviews.models import Watched  # noqa: E402
from tests.cast import assemble  # noqa: E402
from tests.factories import make_asset, make_person  # noqa: E402
from tests.journeys.desk import SECRET  # noqa: E402
from tests.reviews.world import World, build  # noqa: E402

TEAM = (
    "Hugo Pires", "Kaja Sund", "Deniz Er", "Alba Noguera", "Ravi Gopal", "Noor Haddad", "Ilse Brandt", "Tomás Reyes",
    "Mei Tanaka", "Owen Price", "Zofia Kowal", "Adaeze Obi", "Luc Perrin", "Hana Novotná", "Emil Dahl",
)  # fmt: skip
USUAL = (
    ("churn-gbm", "weights.read"), ("fraud-embedder", "weights.read"), ("credit-risk-scorer", "eval.run"),
    ("claims-triage", "eval.run"), ("pricing-forest", "weights.read"), ("churn-features", "data.read"),
    ("claims-2025", "data.read"), ("quotes-index", "data.read"), ("pricing-endpoint", "endpoint.call"),
    ("triage-endpoint", "endpoint.call"),
)  # fmt: skip
PRIVILEGED = ("train.run", "data.export", "weights.export")
UNUSED, NEVER = 41, 8


class Filled(World):
    """The world with short words for what a review is made of."""

    assets: dict[str, Asset]
    now: datetime

    def report(self, name: str, **fields: Any) -> Person:
        """Return somebody of the manager's team."""
        team = self.cast.teams["Model Engineering"]
        common = {"manager": self.people["manager"], "team": team, "team_name": team.name, "job_title": "ML engineer"}
        return make_person(**{"name": name, **common, **fields})

    def gives(self, who: Person | None, asset: str, operation: str, days: int | None, **fields: Any) -> None:
        """Give standing access, last used so many days ago; None for never."""
        used = None if days is None else self.now - timedelta(days=days)
        common = {"asset": self.assets[asset], "operation": operation, "last_used_at": used}
        row = self.standing(who, **common, granted_at=self.now - timedelta(days=400), **fields)
        row.identity.name = who.name if who else f"svc-{asset}"
        row.identity.use_state = UseState.NEVER if days is None else UseState.USED
        row.identity.save()


def looked_at_closely(world: Filled, team: list[Person]) -> None:
    """Nine privileged, four on personal data, two guests, three without owner, two movers, a leaver, a conflict."""
    for place in range(9):
        world.gives(team[place], USUAL[place // 3][0], PRIVILEGED[place % 3], place, privileged="yes")
    for person in team[9:13]:
        world.gives(person, "loan-applications", "data.read", 3)
    for name in ("Svea Wallin", "Omar Khatri"):
        guest = world.report(name, job_title="Contractor", team=None, team_name="")
        world.gives(guest, "claims-triage", "weights.read", 6, kind="guest")
    for asset, kind in (("retrain-nightly", "service"), ("feature-sync", "service"), ("support-copilot", "agent")):
        world.gives(None, asset, "endpoint.call", 1, kind=kind)
    for name in ("Lena Ortiz", "Piet Vos"):
        mover = world.report(name, job_title="Data analyst")
        Watched.objects.create(
            fact="team", subject_id=mover.pk, value="Model Engineering", before="Claims", seen_at=world.now,
            changed_at=world.now - timedelta(days=20),
        )  # fmt: skip
        world.gives(mover, "churn-features", "data.read", 9)
    leaver = world.report("Runa Berg", ended_on=(world.now + timedelta(days=10)).date())
    world.gives(leaver, "pricing-forest", "weights.read", 1)
    both = world.report("Yusuf Demir", job_title="Model validator")
    for operation in ("model.sign", "model.deploy"):
        world.gives(both, "pricing-forest", operation, 4, privileged="yes")


def fill() -> None:
    """Write everything."""
    cast = assemble()
    base = build(cast)
    world = Filled(base.cast, base.asset, base.source, base.people)
    world.now = clock.now()
    for user in cast.users.values():
        if user.kind == "person":
            Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": encrypt(SECRET)})
    common = {"tier": 3, "tier_confirmed": True, "classification": "internal", "owner_confirmed_at": world.now}
    owned = {"owner": world.people["owner"]} | common
    own = common | {"owner": world.people["manager"], "kind": "endpoint"}
    world.assets = {name: make_asset(name=name, **owned) for name, _ in USUAL}
    world.assets["loan-applications"] = make_asset(
        name="loan-applications", **{**owned, "kind": "dataset", "classification": "personal data", "tier": 1}
    )
    for name in ("retrain-nightly", "feature-sync", "support-copilot"):
        world.assets[name] = make_asset(name=name, **own)
    team = [world.report(name) for name in TEAM]
    for person in team:
        for asset, operation in USUAL:
            world.gives(person, asset, operation, 5)
    looked_at_closely(world, team)
    for place in range(UNUSED):
        asset = USUAL[place // len(team)][0]
        world.gives(team[place % len(team)], asset, "hparam.tune", None if place < NEVER else 94 + 7 * place)
    world.opened()


fill()
