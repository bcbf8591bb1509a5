"""How access is carried: who says so, what each provisioner takes, and removing what no grant explains."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.access.models import Binding, Grant, Orphan
from apps.access.services.bindings import Terms, change, create, disable, enable
from apps.access.services.orphans import scan_due
from apps.access.services.removing import remove_orphan
from apps.access.states import GrantState
from apps.audit.models import Entry
from apps.connectors.models import Connection
from apps.core import clock
from apps.core.errors import Conflict, Forbidden, Invalid
from tests.access.grants import carried, make_holder, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import make_asset, make_source

pytestmark = pytest.mark.django_db
BY_HAND = Terms(levels={"eval.run": "runner"})


def _connection(driver: str, **fields: Any) -> Connection:
    now = clock.now()
    return Connection.objects.create(name=driver, driver=driver, created_at=now, changed_at=now, **fields)


def test_who_says_how_access_is_carried(cast: Cast) -> None:
    """A security administrator with a second factor; nobody else, and no system."""
    for name in ("ciso", "manager", "owner", "engineer", "auditor", "service", "outsider"):
        with pytest.raises(Forbidden):
            create(actor=cast.actor(name), provisioner="manual", asset_kind="model", terms=BY_HAND)
    made = create(actor=cast.actor("security_admin"), provisioner="manual", asset_kind="model", terms=BY_HAND).value
    for act in (disable, enable):
        with pytest.raises(Forbidden):
            act(actor=cast.actor("auditor"), binding=made)
        act(actor=cast.actor("security_admin"), binding=made)
        with pytest.raises(Conflict):
            act(actor=cast.actor("security_admin"), binding=made)
    with pytest.raises(Forbidden):
        change(actor=cast.actor("manager"), binding=made, terms=Terms(levels={"eval.run": "other"}))
    kinds = set(Entry.objects.filter(action__startswith="access.binding.").values_list("action", flat=True))
    assert kinds == {f"access.binding.{word}" for word in ("created", "disabled", "enabled")} | {
        "access.binding.disabled.denied", "access.binding.enabled.denied", "access.binding.created.denied",
        "access.binding.changed.denied",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("provisioner", "kind", "terms", "field"),
    [
        ("nothing", "", {}, "provisioner"),
        ("manual", "spaceship", {"levels": {"eval.run": "x"}}, "asset_kind"),
        ("manual", "model", {"levels": {}}, None),
        ("manual", "model", {"levels": {"data.read": "x"}}, "data.read"),
        ("manual", "model", {"levels": {"eval.run": "  "}}, "eval.run"),
        ("manual", "model", {"levels": {"fly": "x"}}, "fly"),
        ("portal", "model", {"levels": {"eval.run": "x"}}, None),
        ("portal", "model", {"settings": {"account": "email"}}, "account"),
        ("mlflow", "model", {"levels": {"eval.run": "READ"}}, "connection"),
        ("manual", "model", {"levels": {"eval.run": "x"}, "settings": {"account": "guess"}}, "account"),
        ("manual", "model", {"levels": {"eval.run": "x"}, "settings": {"account": "identity"}}, "source"),
        ("manual", "model", {"levels": {"eval.run": "x"}, "settings": {"resource": "r"}}, "resource"),
        ("manual", "model", {"levels": {"eval.run": "x"}, "settings": {"default_permission": "READ"}},
         "default_permission"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_is_refused(
    provisioner: str, kind: str, terms: dict[str, Any], field: str | None, cast: Cast
) -> None:
    """Each with the field it is about; nothing is written."""
    with pytest.raises(Invalid) as refusal:
        create(actor=cast.actor("security_admin"), provisioner=provisioner, asset_kind=kind, terms=Terms(**terms))
    assert field is None or field in refusal.value.fields
    assert not Binding.objects.filter(asset_kind=kind).exclude(asset_kind="").exists()


def test_a_provisioner_takes_its_own_words_and_connections(cast: Cast) -> None:
    """MLflow's levels over an MLflow connection; another product's connection is none."""
    admin, model = cast.actor("security_admin"), make_asset(kind="model")
    levels = {"eval.run": "READ", "train.run": "EDIT"}
    settings = {"account": "identity", "source": str(make_source().pk), "default_permission": "EDIT", "resource": "m"}
    with pytest.raises(Invalid):
        create(actor=admin, provisioner="mlflow", asset=model, terms=Terms(_connection("webhook"), levels))
    mlflow = _connection("mlflow")
    with pytest.raises(Invalid):
        create(actor=admin, provisioner="mlflow", asset=model, terms=Terms(mlflow, {"eval.run": "OWNER"}))
    made = create(actor=admin, provisioner="mlflow", asset=model, terms=Terms(mlflow, levels, settings)).value
    assert (made.levels, made.settings) == (levels, settings)
    with pytest.raises(Conflict):
        create(actor=admin, provisioner="manual", asset=model, terms=BY_HAND)
    disable(actor=admin, binding=made)
    create(actor=admin, provisioner="manual", asset=model, terms=BY_HAND)
    with pytest.raises(Conflict):
        enable(actor=admin, binding=made)


def test_a_binding_stays_as_it_is_while_grants_are_carried_by_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """An end has to find what its beginning made; switching off takes no new grants and ends the live ones."""
    asset = make_asset(tier=3, tier_confirmed=True)
    target = use_fake(monkeypatch, asset)
    grant = carried(open_grant(make_request(make_holder(cast.users["engineer"]), asset)))
    admin = cast.actor("security_admin")
    with pytest.raises(Forbidden, match="1 grants are carried"):
        change(actor=admin, binding=grant.binding, terms=Terms(levels={"eval.run": "EDIT"}))
    disable(actor=admin, binding=grant.binding)
    assert carried(grant, within=timedelta(hours=2)).state == GrantState.ACTIVE
    Grant.objects.filter(pk=grant.pk).update(state=GrantState.ENDING, due_at=clock.now(), desired="absent")
    assert (
        carried(grant, within=timedelta(hours=2)).state == GrantState.ENDED
        and not target.access[(grant.account, asset.name)]
    )


@pytest.fixture
def orphan(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Orphan:
    """Access at a target that no grant explains, beside that of a live grant."""
    asset = make_asset(tier=3, tier_confirmed=True)
    target = use_fake(monkeypatch, asset)
    grant = carried(open_grant(make_request(make_holder(cast.users["engineer"]), asset)))
    target.access[("ghost", asset.name)] = {"MANAGE"}
    target.access[(grant.account, asset.name)].add("EDIT")
    scan_due()
    assert set(Orphan.objects.values_list("account", "level")) == {("ghost", "MANAGE"), (grant.account, "EDIT")}
    return Orphan.objects.get(account="ghost")


def test_an_orphan_is_removed_and_live_access_stays(orphan: Orphan, cast: Cast) -> None:
    """Who may, and what is seen afterwards; the grant beside it keeps its level."""
    for name in ("ciso", "auditor", "manager", "engineer", "service"):
        with pytest.raises(Forbidden):
            remove_orphan(actor=cast.actor(name), orphan=orphan)
    assert Entry.objects.filter(action="access.orphan.removed.denied").count() == 5
    assert remove_orphan(actor=cast.actor("security_admin"), orphan=orphan)
    other = Orphan.objects.get(gone_at__isnull=True)
    assert remove_orphan(actor=cast.actor("security_admin"), orphan=other)
    assert not Orphan.objects.filter(gone_at__isnull=True).exists()
    grant = Grant.objects.get()
    Grant.objects.update(due_at=clock.now())
    assert carried(grant).state == GrantState.ACTIVE and grant.receipts.last().evidence["levels"] == ["READ"]
    assert Entry.objects.filter(action="access.orphan.removed", outcome__in=["done", "success"]).count() == 2


def test_what_a_grant_explains_meanwhile_or_is_gone_is_not_removed(orphan: Orphan, cast: Cast) -> None:
    """It is looked for again first."""
    Orphan.objects.filter(pk=orphan.pk).update(account="somebody")
    orphan.refresh_from_db()
    with pytest.raises(Conflict):
        remove_orphan(actor=cast.actor("security_admin"), orphan=orphan)


def test_pages_add_change_and_switch(cast: Cast, signed_in: Any) -> None:
    """The whole way through the pages, with what is wrong beside its field."""
    admin: Client = signed_in("security_admin")
    assert "Signed webhook" in admin.get("/setup/bindings/new").content.decode()
    said = {"asset_kind": "model", "account": "email", "level_data_read": "reader"}
    answer = admin.post("/setup/bindings/new?by=manual", said)
    assert answer.status_code == 400 and "not one of this kind" in answer.content.decode()
    said = {"asset_kind": "model", "account": "email", "level_eval_run": "runner"}
    assert admin.post("/setup/bindings/new?by=manual", said).status_code == 302
    made = Binding.objects.get(asset_kind="model")
    listed = admin.get("/setup/bindings").content.decode()
    assert "Every model" in listed and "runner" in listed
    page = f"/setup/bindings/{made.pk}"
    assert admin.post(page, {"account": "email", "level_eval_run": "tester"}).status_code == 302
    admin.post(f"{page}/switch", {"to": "off"})
    made.refresh_from_db()
    assert (made.levels, made.enabled) == ({"eval.run": "tester"}, False)
    reader = signed_in("auditor").get(page).content.decode()
    assert "Only a security administrator" in reader and '<button class="btn pri">Save' not in reader
