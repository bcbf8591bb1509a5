"""Two teams' worlds: what belongs to Model Engineering carries a canary that no stranger may ever receive.

`ours` is Model Engineering's, `theirs` is Marketing Science's (the outsider sees it, so that a page which shows nothing
to anyone fails a test too), and `absent` names nothing.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from apps.access.models import PolicyChange, PolicyVersion, RouteChange, RouteVersion
from apps.accounts import services as accounts
from apps.accounts.models import TeamMembership, User
from apps.accounts.states import LinkPurpose
from apps.audit.models import Entry
from apps.core.actor import Role, system
from apps.core.command import record
from apps.core.events import Subject, declare
from apps.integrity.models import Artifact, Signature, TrustedKey
from apps.inventory.models import AssetLink, OwnerClaim, RejectedRecord
from apps.posture.models import Finding, FindingEvent, Result
from tests import factories
from tests.cast import Cast
from tests.notices import rows
from tests.posture.conftest import run_now
from tests.security.access_world import KINDS, make_access, make_binding
from tests.security.governance_world import put_exceptions
from tests.security.reviews_world import put_reviews

CANARY = "cnry7f3a9e"
BEACON = "bcn51d20c4"
TOUCHED = declare("test.security.touched", "Touched in a test", details=("note",))
SCOPES = ("read:access", "read:inventory", "read:posture", "read:reviews")


@dataclass
class World:
    """Users by name, and addresses of objects: kind → ours, theirs, absent → URL arguments."""

    cast: Cast
    kwargs: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)

    def put(self, kind: str, name: str, ours: Any, theirs: Any, absent: Any, **fixed: Any) -> None:
        """Remember how a URL names the three."""
        values = {"ours": ours, "theirs": theirs, "absent": absent}
        self.kwargs[kind] = {which: {name: value, **fixed} for which, value in values.items()}


def build(cast: Cast) -> World:
    """Create both worlds, judge them with the real checks, and write events about them."""
    world = World(cast)
    _more_people(cast)
    ours = _side(cast, CANARY, "Model Engineering", "owner")
    theirs = _side(cast, BEACON, "Marketing Science", "outsider")
    run = run_now()
    for side, marker in ((ours, CANARY), (theirs, BEACON)):
        _findings(side, marker)
        _events(cast, side, marker)
    _addresses(world, ours, theirs, run)
    _accounts(world)
    _policies(world)
    _access(world, ours, theirs)
    put_exceptions(world, ours, theirs, (CANARY, BEACON))
    put_reviews(world, ours, theirs, (CANARY, BEACON))
    return world


def _more_people(cast: Cast) -> None:
    """Strangers beside the outsider: a manager of the other team, an engineer of none, a service account."""
    other = cast.teams["Marketing Science"]
    for key, role, team, kind in (
        ("other_manager", Role.MANAGER, other, User.Kind.PERSON),
        ("teamless", Role.ENGINEER, None, User.Kind.PERSON),
        ("other_service", Role.SERVICE, other, User.Kind.SERVICE),
    ):
        user = User.objects.create_user(f"{key}@fenwick.example", None, name=key, kind=kind)
        user.groups.add(cast.users["engineer"].groups.model.objects.get_or_create(name=role)[0])
        if team:
            TeamMembership.objects.create(user=user, team=team, manages=role is Role.MANAGER)
        cast.users[key] = user


def _side(cast: Cast, marker: str, team: str, holder: str) -> dict[str, Any]:
    """Make one team's source, import, people, identities, assets and artifacts; every text carries the marker."""
    user, of_team = cast.users[holder], cast.teams[team]
    raw = {"note": f"{marker}-raw"}
    source = factories.make_source(name=f"{marker}-source", brings_ai_entitlements=True)
    owner = factories.make_import(source, problem=f"{marker}-problem", requested_by=f"{marker}-asker")
    RejectedRecord.objects.create(owner=owner, file=f"{marker}.json", where="row 1", reason=f"{marker}-reason")
    factories.make_coverage(source, "identity", last_import=owner)
    person = factories.make_person(
        name=f"{marker}-person", email=f"{marker}@fenwick.example", user=user, team=of_team, job_title=f"{marker}-job"
    )
    identity = factories.make_identity(
        person=person, source=source, name=f"{marker}-identity", login=f"{marker}-login", email=f"{marker}@x.example",
        raw=raw, password_sign_in="yes", mfa_known="yes",
    )  # fmt: skip
    factories.make_factor(identity, type=f"{marker}-factor", strength="weak", raw=raw)
    credential = factories.make_credential(
        identity, name=f"{marker}-key", raw=raw, created_on_source_at="2024-01-01T00:00Z"
    )
    common = {"team": of_team, "owner": person, "owner_confirmed_at": factories.NOW, "description": f"{marker}-text"}
    asset = factories.make_asset(name=f"{marker}-model", tier=1, business_unit=f"{marker}-unit", **common)
    version = factories.make_asset(
        name=f"{marker}-model", kind="model_version", version="3", version_number=3, parent=asset,
        aliases=[f"{marker}-al"], stage="Production", serialisation="pickle", runs_code="yes", **common,
    )  # fmt: skip
    dataset = factories.make_asset(name=f"{marker}-data", kind="dataset", location=f"s3://{marker}", **common)
    for each in (asset, version, dataset):
        factories.make_observation(each, source=source, raw=raw)
    row = factories._row({"source": source, "raw": raw}, "claim")
    OwnerClaim.objects.create(asset=asset, person=person, asset_key="a", claim=f"{marker}-claim", **row)
    AssetLink.objects.create(left=dataset, right=version, **factories._row({"source": source, "raw": raw}, "link"))
    factories.make_entitlement(identity, asset=asset, scope=f"{marker}-scope", raw=raw)
    artifact = Artifact.objects.create(
        asset=version, name=f"{marker}-files", files=[{"path": f"{marker}.pkl", "size": 3, "sha256": "0" * 64}],
        files_digest=marker.ljust(64, "0"), file_count=1, total_size=3,
        **factories._row({"source": source}, "artifact"),
    )  # fmt: skip
    Signature.objects.create(
        artifact=artifact, artifact_key="v", state="invalid", signer=f"{marker}-signer", reason=f"{marker}-why",
        **factories._row({"source": source}, "signature"),
    )  # fmt: skip
    key = TrustedKey.objects.create(
        name=f"{marker}-trusted", kind="public_key", pem="x", fingerprint=marker, added_by=f"{marker}-adder",
        added_at=factories.NOW,
    )  # fmt: skip
    return {
        "source": source, "import": owner, "person": person, "identity": identity, "credential": credential,
        "asset": asset, "version": version, "dataset": dataset, "key": key, "holder": user, "team": of_team,
    }  # fmt: skip


def _findings(side: dict[str, Any], marker: str) -> None:
    """Choose the finding and the result about the side's model, and mark their free text."""
    subjects = [side[name].pk for name in ("asset", "version", "identity", "credential", "dataset")]
    side["finding"] = Finding.objects.filter(subject_id__in=subjects, asset__isnull=False).earliest("number")
    side["result"] = Result.objects.filter(subject_id__in=subjects, subject_kind="asset", to_run=None).earliest("pk")
    for finding in Finding.objects.filter(subject_id__in=subjects):
        FindingEvent.objects.create(
            finding=finding, at=factories.NOW, change="opened", actor=f"{marker}-x", note=marker
        )
    for result in Result.objects.filter(subject_id__in=subjects):
        Result.objects.filter(pk=result.pk).update(evidence={**result.evidence, "seen": f"{marker}-evidence"})


def _events(cast: Cast, side: dict[str, Any], marker: str) -> None:
    actor = cast.actor("ciso")
    for kind in ("asset", "identity", "credential", "person", "source"):
        subject = Subject(kind, str(side[kind].pk), f"{marker}-{kind}")
        record(TOUCHED, actor=actor, subject=subject, details={"note": f"{marker}-note"})
    record(TOUCHED, actor=actor, subject=Subject("finding", str(side["finding"].pk), marker), details={"note": marker})
    side["event"] = Entry.objects.filter(subject_kind="asset", subject_id=str(side["asset"].pk)).latest("seq")


def _addresses(world: World, ours: dict[str, Any], theirs: dict[str, Any], run: Any) -> None:
    nothing = uuid.UUID(int=7)
    sides = (ours, theirs)
    for kind, name in (("identity", "key"), ("person", "key"), ("source", "key"), ("key", "pk")):
        world.put(kind, name, *(side[kind].pk for side in sides), nothing)
    world.put("asset_operations", "id", *(side["asset"].pk for side in sides), nothing)
    for kind in ("asset", "identity", "source"):
        world.put(f"api_{kind}", "pk", *(side[kind].pk for side in sides), nothing)
    world.put("api_finding", "pk", *(side["finding"].pk for side in sides), 999_999_999)
    world.put("api_result", "pk", *(side["result"].pk for side in sides), 999_999_999)
    world.put("api_event", "pk", *(side["event"].pk for side in sides), 999_999_999)
    world.put("finding", "number", *(side["finding"].pk for side in sides), 999_999_999)
    world.put("import", "number", *(side["import"].number for side in sides), 999_999_999)
    world.put("user", "pk", *(side["holder"].pk for side in sides), nothing)
    world.put("team", "pk", *(side["team"].pk for side in sides), 999_999_999)
    world.put("event", "seq", *(side["event"].seq for side in sides), 999_999_999, log="privileged")
    world.kwargs["asset"] = {
        "ours": {"kind": "model", "slug": ours["asset"].slug},
        "theirs": {"kind": "model", "slug": theirs["asset"].slug},
        "absent": {"kind": "model", "slug": "no-such-thing"},
    }
    for kind, make in (("notice", rows.make_notice), ("dead", rows.make_dead)):
        made = [
            make(side["holder"], title=f"{marker}-told") for side, marker in zip(sides, (CANARY, BEACON), strict=True)
        ]
        world.put(kind, "pk", *(row.pk for row in made), nothing)
    world.put("channel", "pk", *(rows.make_channel(name=f"{m}-room").pk for m in (CANARY, BEACON)), nothing)
    world.put("run", "number", run.pk, run.pk, 999_999_999)
    world.put("api_run", "pk", run.pk, run.pk, 999_999_999)
    world.put("check", "check_id", "ID-01", "MD-01", "XX-99")
    world.put("api_check", "pk", "ID-01", "MD-01", "XX-99")
    world.put("pillar", "pillar", "identity", "data", "nowhere")
    connections = [factories.make_connection(name=f"{marker}-target").pk for marker in (CANARY, BEACON)]
    world.put("connection", "key", *connections, nothing)
    world.put("connection_driver", "driver", "webhook", "mlflow", "no-such-kind")
    world.put("passkey", "pk", 999_999_998, 999_999_998, 999_999_999)
    world.forms = {
        "@person": str(ours["person"].pk), "@user": str(ours["holder"].pk), "@finding": str(ours["finding"].pk),
        "@pair": f"{ours['asset'].pk}:{ours['person'].pk}",
    }  # fmt: skip


def _accounts(world: World) -> None:
    """Tokens with marked names, a proposal, a sign-in link; the names of the owner and of the team are marked too."""
    cast = world.cast
    admin = cast.actor("security_admin")
    made = {}
    for name, marker in (("service", CANARY), ("other_service", BEACON)):
        token, text = accounts.create_token(
            actor=admin, user=cast.users[name], name=f"{marker}-token", scopes=SCOPES, days=9
        ).value
        world.tokens[name], made[name] = text, token.pk
    world.put("token", "pk", made["service"], made["other_service"], uuid.UUID(int=7))
    for name, marker in (("owner", CANARY), ("outsider", BEACON)):
        User.objects.filter(pk=cast.users[name].pk).update(name=f"{marker}-user")
    team = cast.teams["Model Engineering"]
    type(team).objects.filter(pk=team.pk).update(name=f"{CANARY}-team")
    proposals = [
        accounts.propose_role(actor=admin, user=cast.users[name], role=Role.MANAGER, reason=f"{marker}-because").value
        for name, marker in (("owner", CANARY), ("outsider", BEACON))
    ]
    world.put("proposal", "pk", *(change.pk for change in proposals), uuid.UUID(int=7))
    by = system("create_admin")
    invited = User.objects.create_user("invited@fenwick.example", None, name="Invited", kind=User.Kind.PERSON)
    secret = accounts.create_link(actor=by, user=invited, purpose=LinkPurpose.INVITATION).value
    world.put("link", "secret", secret, secret, "not-a-secret-of-ours")


def strangers(world: World) -> dict[str, Client]:
    """Return clients that may receive nothing of Model Engineering."""
    names = ("outsider", "other_manager", "teamless")
    return {
        **{name: person(world.cast, name) for name in names},
        "other_service": bearer(world, "other_service"),
        "anonymous": Client(),
    }


def person(cast: Cast, name: str) -> Client:
    """Return a client signed in as the named user with a second factor on record."""
    client, user = Client(), cast.users[name]
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [
        {"method": "password", "at": 1795000000.0, "email": user.email},
        {"method": "mfa", "at": 1795000000.0, "type": "totp"},
    ]
    session.save()
    return client


def bearer(world: World, name: str) -> Client:
    """Return a client with a service account's token."""
    return Client(HTTP_AUTHORIZATION=f"Bearer {world.tokens[name]}")


def body(response: Any) -> bytes:
    """Return headers and content of an answer, streamed or not."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    head = "".join(f"{name}: {value}\n" for name, value in response.items())
    return head.encode() + bytes(content)


def _access(world: World, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Requests, grants, tasks by hand, emergencies with their reviews and permits of both sides."""
    left = make_access(world.cast, ours, CANARY, "manager")
    right = make_access(world.cast, theirs, BEACON, "other_manager")
    for kind in KINDS:
        name = "number" if kind in ("request", "grant") else "pk"
        world.put(kind, name, left[kind], right[kind], 999_999_999)
        if name == "number":
            world.put(f"api_{kind}", "pk", left[kind], right[kind], 999_999_999)
    for kind, number in make_binding().items():
        world.put(kind, "pk", number, number, 999_999_999)


def _policies(world: World) -> None:
    """Changes of the policies and of the routes that another administrator proposed."""
    version = PolicyVersion.objects.get()
    sides = {"newly_refused": {"count": 0, "requests": []}, "newly_allowed": {"count": 0, "requests": []}}
    change = PolicyChange.objects.create(
        based_on=version, texts={}, note="None at all", effect={"requests": 0, **sides},
        proposed_by=world.cast.users["second_admin"], proposed_at=version.in_force_at,
    )  # fmt: skip
    world.put("policy_change", "pk", change.pk, change.pk, 999_999)
    routes = RouteVersion.objects.get()
    nothing = {side: {"count": 0, "requests": []} for side in ("different", "stranded", "helped")}
    rerouted = RouteChange.objects.create(
        based_on=routes, tiers=routes.tiers, note="The same", effect={"requests": 0, **nothing},
        proposed_by=world.cast.users["second_admin"], proposed_at=routes.in_force_at,
    )  # fmt: skip
    world.put("route_change", "pk", rerouted.pk, rerouted.pk, 999_999)
