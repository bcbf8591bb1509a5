"""Decisions through HTTP beside an empty JSON answer and beside Cedar alone; expiry of grants beside one UPDATE."""

import io
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from wsgiref.util import setup_testing_defaults

import cedarpy
from django.contrib.auth.models import Group
from django.core.wsgi import get_wsgi_application
from django.db import connection

from apps.access.models import AccessRequest, Binding, Grant
from apps.access.policies import Ctx, Question
from apps.access.policies.facts import principal_of, resource_of
from apps.access.policies.language import schema
from apps.access.policies.questions import as_request, entity
from apps.access.policies.versions import in_force
from apps.access.services.reconciling import expire_due
from apps.access.states import GrantState, Presence, RequestState
from apps.accounts.models import ApiToken, Team, TeamMembership, User
from apps.accounts.secrets import digest, new_token
from apps.core import clock
from apps.core.actor import Role
from apps.inventory.models import Asset
from bench.measure import Ratio, seconds

DECISIONS = 200
BATCH = 200
GRANTS = 10_000


def access(pairs: int) -> list[Ratio]:
    """Measure in turns; each pair asks the same question 200 times, alone and at once, and ends 10,000 grants."""
    team = Team.objects.create(name="Bench")
    now = clock.now()
    asset = Asset.objects.create(
        kind="model", slug="bench", name="bench", tier=3, tier_confirmed=True, team=team, first_seen_at=now,
        last_seen_at=now,
    )  # fmt: skip
    holder = User.objects.create_user("holder@bench.invalid", name="Holder")
    holder.groups.add(Group.objects.get(name=Role.ENGINEER.value))
    binding, _ = Binding.objects.get_or_create(provisioner="portal", asset=None, defaults={"created_at": now})
    _grants(1, holder, asset, binding, now)
    post = _caller(team, now)
    body = {
        "subject": {"type": "user", "id": str(holder.pk)},
        "action": {"name": "eval.run"},
        "resource": {"type": "asset", "id": str(asset.pk)},
    }
    told = json.loads(post("/access/v1/evaluation", body))
    if told["decision"] is not True:
        raise AssertionError(told)
    alone = _cedar(holder, asset)
    view = Ratio("one decision through HTTP / an empty JSON answer to the same caller", 0)
    cedar = Ratio("one decision through HTTP / the same question to Cedar alone", 0)
    expiry = Ratio(f"expiry of {GRANTS:,} grants by one reconciler / one UPDATE of as many rows", 0)
    batch = Ratio(f"{BATCH} decisions in one request / one request for each of them", 0)
    many = {"evaluations": [body] * BATCH}
    if not all(one["decision"] for one in json.loads(post("/access/v1/evaluations", many))["evaluations"]):
        raise AssertionError("a decision of the batch is no yes")
    for _ in range(pairs):
        ours = seconds(lambda: [post("/access/v1/evaluation", body) for _ in range(DECISIONS)])
        view.add(ours, seconds(lambda: [post("/bench/json", body) for _ in range(DECISIONS)]))
        cedar.add(ours, seconds(lambda: [alone() for _ in range(DECISIONS)]))
        batch.add(seconds(lambda: post("/access/v1/evaluations", many)), ours * BATCH / DECISIONS)
        _expire(expiry, holder, asset, binding)
    return [view, cedar, batch, expiry]


def _expire(figure: Ratio, holder: User, asset: Asset, binding: Binding) -> None:
    _grants(GRANTS, holder, asset, binding, clock.now() - timedelta(hours=2))
    took = seconds(expire_due)
    left = Grant.objects.exclude(state=GrantState.ENDED).filter(expires_at__lte=clock.now()).count()
    if left:
        raise AssertionError(f"{left} grants are left")
    rows = Grant.objects.filter(state=GrantState.ENDED)
    figure.add(took, seconds(lambda: rows.update(ended_at=clock.now(), end_reason="expired")))


def _grants(number: int, holder: User, asset: Asset, binding: Binding, begun: datetime) -> None:
    shared: dict[str, Any] = {"asset": asset, "operation": "eval.run", "tier": 3, "minutes": 60}
    requests = AccessRequest.objects.bulk_create(
        AccessRequest(
            requester=holder, beneficiary=holder, asset_label="bench", reason="bench", state=RequestState.APPROVED,
            digest="0" * 64, created_at=begun, expires_at=begun, decided_at=begun, **shared,
        )
        for _ in range(number)
    )  # fmt: skip
    Grant.objects.bulk_create(
        Grant(
            request=request, holder=holder, state=GrantState.ACTIVE, start_at=begun, activate_by=begun,
            activated_at=begun, expires_at=begun + timedelta(hours=1), binding=binding, created_at=begun,
            desired=Presence.PRESENT, observed=Presence.PRESENT, **shared,
        )
        for request in requests
    )  # fmt: skip


def _caller(team: Team, now: datetime) -> Callable[[str, Any], bytes]:
    """Return what posts as a service account of the team."""
    user = User.objects.create_user("gateway@service.invalid", name="gateway", kind=User.Kind.SERVICE)
    user.groups.add(Group.objects.get(name=Role.SERVICE.value))
    TeamMembership.objects.create(user=user, team=team)
    prefix, text = new_token()
    ApiToken.objects.create(
        user=user, name="bench", prefix=prefix, digest=digest("token", text), scopes=["decide"], created_at=now,
        expires_at=now + timedelta(days=1),
    )  # fmt: skip
    application = get_wsgi_application()

    def post(path: str, body: Any) -> bytes:
        raw = json.dumps(body).encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST", "PATH_INFO": path, "HTTP_AUTHORIZATION": f"Bearer {text}",
            "HTTP_HOST": "localhost", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(raw)),
            "wsgi.input": io.BytesIO(raw),
        }  # fmt: skip
        setup_testing_defaults(environ)
        return b"".join(application(environ, lambda *said: None))

    return post


def _cedar(holder: User, asset: Asset) -> Callable[[], object]:
    """Return the question as Cedar alone answers it: policies and entities read beforehand."""
    version, now = in_force(), clock.now()
    if version is None:
        raise AssertionError("no policies are in force")
    principal, resource = principal_of(holder, None, now), resource_of(asset)
    entities = cedarpy.Entities.from_json_str(json.dumps([entity(principal), entity(resource)]), schema())
    asked = as_request(Question(principal, "eval.run", resource, Ctx(origin="authzen"), now))
    connection.close()
    return lambda: cedarpy.is_authorized(asked, version.policies.policies, entities, schema())
