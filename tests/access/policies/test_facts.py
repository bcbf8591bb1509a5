"""Facts about principals and assets: what each source contributes, and how few queries it takes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access.policies.facts import agent_of, principal_of, principals_of, resource_of, resources_of
from apps.core.actor import Strength
from apps.integrity.states import SignatureState
from apps.inventory.models import AssetLink
from apps.posture.models import CheckVersion, Finding
from tests.cast import AUTHENTICATED_AT, Cast
from tests.factories import _row as row
from tests.factories import make_asset, make_factor, make_identity, make_person
from tests.posture.test_checks_models import make_artifact, make_signature, make_version

pytestmark = pytest.mark.django_db
NOW = AUTHENTICATED_AT + timedelta(minutes=90)


def factor_of(cast: Cast, name: str = "engineer") -> str:
    """Return the factor known of a member nobody acts as."""
    return principal_of(cast.users[name], None, NOW).factor


def test_roles_teams_and_kinds(cast: Cast) -> None:
    engineer = principal_of(cast.users["engineer"], None, NOW)
    assert (engineer.kind, engineer.id) == ("User", str(cast.users["engineer"].pk))
    assert (engineer.roles, engineer.teams) == (frozenset({"engineer"}), frozenset({"Model Engineering"}))
    service = principal_of(cast.users["service"], None, NOW)
    assert (service.kind, service.roles) == ("ServiceAccount", frozenset({"service"}))
    agent = agent_of(make_identity(kind="agent"))
    assert (agent.kind, agent.roles, agent.guest) == ("Agent", frozenset(), False)


def test_the_deactivated_have_no_roles(cast: Cast) -> None:
    user = cast.users["engineer"]
    user.is_active = False
    user.save()
    assert principal_of(user, None, NOW).roles == frozenset()


def test_the_best_factor_counts_wherever_it_is_registered(cast: Cast) -> None:
    """Nothing known is unknown; a source that tells of none makes it none; disabled and gone ones do not count."""
    user = cast.users["engineer"]
    assert factor_of(cast) == "unknown"
    identity = make_identity(person=make_person(user=user), mfa_known="yes")
    assert factor_of(cast) == "none"
    make_factor(identity, strength="strong", active="no")
    make_factor(identity, strength="strong", gone_at=NOW)
    make_factor(identity, strength="not_a_factor")
    assert factor_of(cast) == "none"
    make_factor(identity, strength="weak")
    assert factor_of(cast) == "weak"
    Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert factor_of(cast) == "weak"
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    assert factor_of(cast) == "strong"
    make_factor(identity, strength="phishing_resistant")
    assert factor_of(cast) == "phishing_resistant"
    assert factor_of(cast, "owner") == "unknown"


def test_a_source_that_is_silent_keeps_it_unknown(cast: Cast) -> None:
    person = make_person(user=cast.users["engineer"])
    make_identity(person=person, mfa_known="yes")
    make_identity(person=person, mfa_known="unknown")
    assert factor_of(cast) == "unknown"


def test_ones_own_proof_counts_and_has_an_age(cast: Cast) -> None:
    """A proof of somebody else, by password, or by token proves nothing."""
    user = cast.users["engineer"]
    own = principal_of(user, cast.actor("engineer"), NOW)
    assert (own.factor, own.factor_minutes) == ("strong", 90)
    passkey = replace(cast.actor("engineer"), strength=Strength.PHISHING_RESISTANT)
    assert principal_of(user, passkey, NOW).factor == "phishing_resistant"
    for actor in (
        cast.actor("owner"),
        cast.actor("engineer", Strength.PASSWORD),
        cast.actor("engineer", Strength.TOKEN),
    ):
        said = principal_of(user, actor, NOW)
        assert (said.factor, said.factor_minutes) == ("unknown", None)


def test_a_guest_anywhere_is_a_guest(cast: Cast) -> None:
    person = make_person(user=cast.users["engineer"])
    make_identity(person=person)
    assert not principal_of(cast.users["engineer"], None, NOW).guest
    guest = make_identity(person=person, kind="guest")
    assert principal_of(cast.users["engineer"], None, NOW).guest
    guest.enabled = "no"
    guest.save()
    assert not principal_of(cast.users["engineer"], None, NOW).guest


def signed(asset: Any) -> str:
    """Return what is known of the asset's signature."""
    return resource_of(asset).signed


def test_signature_is_that_of_the_deployed_version() -> None:
    """No version: nothing to sign. No listed files: not known. Otherwise the verdict on the deployed one."""
    model = make_asset()
    assert signed(model) == "not_applicable" and signed(make_asset(kind="dataset")) == "not_applicable"
    version = make_version(model, 1, aliases=["champion"])
    assert signed(model) == signed(version) == "unknown"
    make_artifact(version, "d1")
    assert signed(model) == signed(version) == "no"
    signature = make_signature("d1")
    assert signed(model) == signed(version) == "yes"
    make_artifact(make_version(model, 2), "d2")
    assert signed(model) == "yes"
    for state in (SignatureState.INVALID, SignatureState.VALID_UNKNOWN_SIGNER, SignatureState.SIGNED_NOT_CHECKED):
        signature.state = state
        signature.save()
        assert signed(model) == ("unknown" if state == SignatureState.SIGNED_NOT_CHECKED else "no")
    params = {"aliases": ["live"], "stages": []}
    CheckVersion.objects.create(check_id="MD-01", number=1, params=params, code_version=1, created_at=NOW)
    assert signed(model) == "no"


def test_an_endpoint_is_as_signed_as_the_worst_it_serves() -> None:
    endpoint, model = make_asset(kind="endpoint"), make_asset()
    assert signed(endpoint) == "not_applicable"
    good, bad = make_version(model, 1), make_version(model, 2)
    make_artifact(good, "d1")
    make_artifact(bad, "d2")
    make_signature("d1")
    for served, expected in ((good, "yes"), (bad, "no")):
        AssetLink.objects.create(
            left=served, right=endpoint, relation="serves", left_key="l", right_key="r", **row({}, "link")
        )
        assert signed(endpoint) == expected


def test_tier_classification_and_findings_come_from_the_model_too() -> None:
    model = make_asset(tier=1, classification="PII")
    version = make_version(model, 1)
    plain, unknown = make_asset(tier=3), make_asset()
    found = resources_of([model, version, plain, unknown])
    assert [found[one.pk].tier for one in (model, version, plain, unknown)] == [1, 1, 3, 2]
    assert found[version.pk].sensitive and not found[plain.pk].sensitive
    for number, (severity, state) in enumerate((("critical", "open"), ("critical", "resolved"), ("high", "open"))):
        Finding.objects.create(
            check_id=f"XX-{number}", subject_kind="asset", subject_id=model.pk, asset=model, severity=severity,
            pillar="models", state=state, opened_at=NOW, opened_run=1, resolved_at=NOW if state == "resolved" else None,
        )  # fmt: skip
    assert (resource_of(model).critical_findings, resource_of(version).critical_findings) == (1, 1)
    assert resource_of(plain).critical_findings == 0


@pytest.mark.parametrize("n", [1, 40])
def test_query_budgets_hold_for_one_and_for_many(cast: Cast, n: int) -> None:
    assets = [make_asset(kind=kind) for kind in ("model", "endpoint") for _ in range(n)]
    for asset in assets:
        make_version(asset, 1)
    with CaptureQueriesContext(connection) as seen:
        principals_of(list(cast.users.values())[:n], NOW)
    assert len(seen) == 4
    with CaptureQueriesContext(connection) as seen:
        assert len(resources_of(assets)) == len(assets)
    assert len(seen) == 5
