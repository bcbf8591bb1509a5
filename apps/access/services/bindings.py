"""How access is carried: which provisioner, over which connection, for which assets, at which level per operation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.access.events import BINDING_CHANGED, BINDING_CREATED, BINDING_DISABLED, BINDING_ENABLED
from apps.access.models import Binding, Grant
from apps.access.provisioning.contract import Provisioner
from apps.access.provisioning.registry import PORTAL, PROVISIONERS
from apps.access.queries.bindings import FINISHED, covers
from apps.access.rules.bindings import can_change_binding, can_manage_bindings
from apps.connectors.models import Connection
from apps.connectors.queries import driver_named
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Asset, Source
from apps.inventory.states import AssetKind

#: How the holder's account at the target is found.
ACCOUNTS = {"email": "Their mail address", "identity": "Their login in a source"}
DEFAULT_PERMISSION = "default_permission"
LONGEST_LEVEL = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """What a binding says: its connection, the provisioner's word for each operation, and its settings.

    Settings: `account` and `source` (how the holder's account is found), `resource` (what the asset is called at the
    target, where it is one asset), `default_permission` (MLflow: what a user without a row may do).
    """

    connection: Connection | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


@command(BINDING_CREATED)
def create(
    *, actor: Actor, provisioner: str, asset: Asset | None = None, asset_kind: str = "", terms: Terms, now: datetime
) -> Changed:
    """Add a binding for one asset, for a kind, or (with neither) for all assets; the value is the binding.

    Raises Forbidden, Invalid for terms that the provisioner cannot carry, Conflict where another is in the place.
    """
    can_manage_bindings(actor).require()
    carrier = PROVISIONERS.get(provisioner)
    if carrier is None:
        raise Invalid("Choose what carries the access.", provisioner="There is no such way.")
    if asset_kind and (asset is not None or asset_kind not in AssetKind.values):
        raise Invalid("Choose one asset or one kind.", asset_kind="This is no kind of asset.")
    made = Binding(provisioner=provisioner, asset=asset, asset_kind=asset_kind, created_at=now)
    _apply(made, carrier, terms)
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:
        raise _taken(made) from None
    return Changed(_subject(made), _facts(made), value=made)


@command(BINDING_CHANGED)
def change(*, actor: Actor, binding: Binding, terms: Terms, now: datetime) -> Changed | Unchanged:
    """Change the terms, while no grant is carried by them. Raises Forbidden, Invalid and Conflict."""
    row = Binding.objects.select_for_update(of=("self",), no_key=True).get(pk=binding.pk)
    can_change_binding(actor, row, _unfinished(row)).require()
    carrier = PROVISIONERS.get(row.provisioner)
    if carrier is None:
        raise Invalid("What carried this is not there any more; switch it off.")
    before = _facts(row)
    _apply(row, carrier, terms)
    if _facts(row) == before:
        return Unchanged(value=row)
    row.save(update_fields=["connection", "levels", "settings"])
    return Changed(_subject(row), _facts(row), value=row)


@command(BINDING_DISABLED)
def disable(*, actor: Actor, binding: Binding, now: datetime) -> Changed:
    """Take no new grants this way; those that live are carried to their end. Raises Conflict where it is off."""
    can_manage_bindings(actor).require()
    if not Binding.objects.filter(pk=binding.pk, enabled=True).update(enabled=False):
        raise Conflict("This is switched off already.")
    binding.refresh_from_db()
    return Changed(_subject(binding), _facts(binding), value=binding, before="on", after="off")


@command(BINDING_ENABLED)
def enable(*, actor: Actor, binding: Binding, now: datetime) -> Changed:
    """Take grants this way again. Raises Conflict where it is on, or where another has its place."""
    can_manage_bindings(actor).require()
    try:
        with transaction.atomic():
            moved = Binding.objects.filter(pk=binding.pk, enabled=False).update(enabled=True)
    except IntegrityError:
        raise _taken(binding) from None
    if not moved:
        raise Conflict("This is switched on already.")
    binding.refresh_from_db()
    return Changed(_subject(binding), _facts(binding), value=binding, before="off", after="on")


def _unfinished(binding: Binding) -> int:
    return Grant.objects.filter(binding=binding).exclude(state__in=FINISHED).count()


def _apply(row: Binding, carrier: Provisioner, terms: Terms) -> None:
    """Put checked terms on the row. Raises Invalid."""
    row.connection = _connection(carrier, terms.connection)
    row.levels = _levels(row, carrier, terms.levels)
    row.settings = _settings(row, terms.settings)


def _connection(carrier: Provisioner, given: Connection | None) -> Connection | None:
    driver = driver_named(carrier.key)
    if driver is None or not driver.watched:
        if given is not None:
            raise Invalid("This needs no connection.", connection="This needs no connection.")
        return None
    if given is None or given.driver != carrier.key:
        raise Invalid("Choose a connection.", connection=f"Choose a {carrier.title} connection.")
    return given


def _levels(row: Binding, carrier: Provisioner, given: Mapping[str, str]) -> dict[str, str]:
    if carrier.key == PORTAL:
        if given:
            raise Invalid("The portal carries every operation by itself.")
        return {}
    kind, found, wrong = row.asset.kind if row.asset else row.asset_kind, {}, {}
    for key, word in given.items():
        word = word.strip()
        if key not in OPERATIONS or (kind and kind not in OPERATIONS[key].kinds):
            wrong[key] = "This operation is not one of this kind of asset."
        elif not word or len(word) > LONGEST_LEVEL or (carrier.levels and word not in carrier.levels):
            wrong[key] = f"Choose one of {', '.join(carrier.levels)}." if carrier.levels else "Say what it is there."
        else:
            found[key] = word
    if wrong:
        raise Invalid("Some operations cannot be carried like this.", **wrong)
    if not found:
        raise Invalid("Say for at least one operation what it is at the target.")
    return found


def _settings(row: Binding, given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in their one form; what does not belong to this provisioner is refused."""
    kept = {name: str(value).strip() for name, value in given.items() if str(value).strip()}
    allowed = {"account", "source", *(["resource"] if row.asset else [])}
    allowed |= {DEFAULT_PERMISSION} if row.provisioner == "mlflow" else set()
    odd = {name: "This does not belong here." for name in kept if name not in allowed or row.provisioner == PORTAL}
    account = kept.get("account", "email")
    if account not in ACCOUNTS:
        odd["account"] = "Choose how the account is found."
    if account == "identity" and not _is_source(kept.get("source", "")):
        odd["source"] = "Choose the source that knows the accounts."
    if kept.get(DEFAULT_PERMISSION, "READ") not in ("NO_PERMISSIONS", "READ", "USE", "EDIT", "MANAGE"):
        odd[DEFAULT_PERMISSION] = "MLflow has no such permission."
    if odd:
        raise Invalid("Some settings are not right.", **odd)
    return kept if account == "identity" else {name: value for name, value in kept.items() if name != "source"}


def _is_source(key: str) -> bool:
    try:
        return Source.objects.filter(pk=UUID(key)).exists()
    except (ValueError, ValidationError):
        return False


def _subject(binding: Binding) -> Subject:
    return Subject("binding", str(binding.pk), f"{covers(binding)} by {binding.provisioner}"[:300])


def _facts(binding: Binding) -> dict[str, object]:
    return {
        "provisioner": binding.provisioner,
        "connection": binding.connection.name if binding.connection else "",
        "asset": str(binding.asset or ""),
        "kind": binding.asset_kind,
        "levels": dict(binding.levels),
        "settings": dict(binding.settings),
    }


def _taken(binding: Binding) -> Conflict:
    return Conflict(f"{covers(binding)}: another way carries that already. Switch it off first.")
