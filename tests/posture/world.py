"""A small organisation for page tests: a tier-1 model of Model Engineering with holders, keys and a hostile name."""

from dataclasses import dataclass

from apps.core import clock
from apps.inventory.models import Asset, Identity, Source
from apps.posture.models import Finding, Run
from tests.cast import Cast
from tests.factories import (
    NOW,
    make_asset,
    make_coverage,
    make_credential,
    make_entitlement,
    make_factor,
    make_identity,
    make_observation,
    make_person,
    make_source,
)
from tests.posture.conftest import run_now

HOSTILE = "<img src=x onerror=alert(1)>\u202egpj.exe"


@dataclass(frozen=True)
class World:
    """What the tests look at."""

    model: Asset
    foreign: Asset
    identity: Identity
    stranger: Identity
    source: Source
    run: Run

    def finding(self, check_id: str, subject: object) -> Finding:
        """Return the finding of a check about a subject."""
        return Finding.objects.get(check_id=check_id, subject_id=subject.pk)  # type: ignore[attr-defined]


def make_world(cast: Cast, extra: int = 0) -> World:
    """Make it, judge it with the registered checks, and return it. `extra` adds identities without a factor."""
    now = clock.now()
    source = make_source(name="entra", observed_at=now)
    make_coverage(source, "identity")
    owner = make_person(name="Priya Raman", user=cast.users["owner"], team=cast.teams["Model Engineering"])
    other = make_person(name="Marek Novak", user=cast.users["outsider"], team=cast.teams["Marketing Science"])
    common = {"source": source, "mfa_known": "yes", "password_sign_in": "yes", "use_state": "used", "last_used_at": now}
    identity = make_identity(person=owner, name=HOSTILE, department="Model Engineering", **common)
    stranger = make_identity(person=other, name="marek.novak", department="Marketing", **common)
    make_factor(make_identity(name="safe.person", department="Marketing", **common))
    for number in range(extra):
        make_identity(name=f"extra {number:03}", department=f"Unit {number % 20}", **common)
    make_credential(identity, rotated_at=NOW, created_on_source_at=NOW)
    team = cast.teams["Model Engineering"]
    seen = {"first_seen_at": now, "last_seen_at": now}
    model = make_asset(name="credit-risk-scorer", tier=1, team=team, business_unit="Lending", **seen)
    make_asset(
        name="credit-risk-scorer", kind="model_version", version="1", version_number=1, parent=model, team=team, **seen
    )
    foreign = make_asset(name="churn-gbm", tier=2, business_unit="Marketing", **seen)
    make_observation(model, source=source, raw={"name": "credit-risk-scorer", "note": HOSTILE})
    make_entitlement(identity, asset=model)
    make_entitlement(stranger, asset=model)
    return World(model, foreign, identity, stranger, source, run_now())
