"""The form of a binding, built from what its provisioner declares. It explains; the service decides."""

from typing import Any

from django import forms
from django.http import QueryDict

from apps.access.models import Binding
from apps.access.provisioning.contract import Provisioner
from apps.access.provisioning.registry import PORTAL
from apps.access.queries.bindings import account_sources, connections_for
from apps.access.services.bindings import ACCOUNTS, DEFAULT_PERMISSION, Terms
from apps.core.errors import DomainError
from apps.governance.operations import OPERATIONS
from apps.inventory.states import AssetKind

KINDS = [("", "All assets"), *AssetKind.choices]
DEFAULTS = [(word, word) for word in ("READ", "USE", "EDIT", "MANAGE", "NO_PERMISSIONS")]
#: Where a target knows some kinds only, the others' operations are not asked about.
REACHED = {"mlflow": frozenset({AssetKind.MODEL, AssetKind.MODEL_VERSION})}
SETTINGS = ("account", "source", "resource", DEFAULT_PERMISSION)


class BindingForm(forms.Form):
    """What is covered (for a new one), the connection, how accounts are found, and a level for each operation."""

    def __init__(self, carrier: Provisioner, data: QueryDict | None = None, *, binding: Binding | None = None) -> None:
        super().__init__(data, initial=_initial(binding) if binding else None)
        self._carrier = carrier
        connections = connections_for(carrier.key)
        if carrier.key != "manual" and carrier.key != PORTAL:
            self.fields["connection"] = forms.ModelChoiceField(connections, empty_label="Choose a connection")
        if binding is None:
            self._add_place()
        if carrier.key != PORTAL:
            self._add_account()
            self._add_levels(binding)

    def _add_place(self) -> None:
        self.fields["asset_kind"] = forms.ChoiceField(choices=KINDS, required=False, label="For")
        self.fields["asset"] = forms.CharField(
            max_length=400, required=False, label="Only one asset",
            help_text="The end of its page's address, for example model/fraud-scorer.",
        )  # fmt: skip

    def _add_account(self) -> None:
        self.fields["account"] = forms.ChoiceField(choices=list(ACCOUNTS.items()), label="The holder's account there")
        self.fields["source"] = forms.ModelChoiceField(
            account_sources(), required=False, label="Source that knows the logins",
            help_text="A holder whom it does not know, or knows twice, is given nothing.",
        )  # fmt: skip
        self.fields["resource"] = forms.CharField(
            max_length=300, required=False, label="Name of the asset there", help_text="If it has another name there."
        )
        if self._carrier.key == "mlflow":
            self.fields[DEFAULT_PERMISSION] = forms.ChoiceField(
                choices=DEFAULTS, label="The server's default permission",
                help_text="default_permission in its basic_auth.ini; READ unless somebody changed it.",
            )  # fmt: skip

    def _add_levels(self, binding: Binding | None) -> None:
        kind = (binding.asset.kind if binding.asset else binding.asset_kind) if binding else ""
        reached = REACHED.get(self._carrier.key, frozenset(AssetKind))
        words = [("", "not carried"), *((level, level) for level in self._carrier.levels)]
        for key, operation in OPERATIONS.items():
            if not operation.kinds & reached or (kind and kind not in operation.kinds):
                continue
            common: dict[str, Any] = {"required": False, "label": operation.verb, "help_text": key}
            self.fields[_name(key)] = (
                forms.ChoiceField(choices=words, **common)
                if self._carrier.levels
                else forms.CharField(max_length=100, **common)
            )

    @property
    def terms(self) -> Terms:
        """Return the terms that a valid form describes."""
        said = self.cleaned_data
        levels = {key: said[_name(key)] for key in OPERATIONS if said.get(_name(key))}
        settings = {name: str(said[name].pk if name == "source" else said[name]) for name in SETTINGS if said.get(name)}
        return Terms(said.get("connection"), levels, settings)

    def explain(self, problem: DomainError) -> None:
        """Show a refusal of the service where it belongs."""
        for key, why in problem.fields.items():
            name = _name(key) if key in OPERATIONS else key
            self.add_error(name if name in self.fields else None, why)
        if not problem.fields:
            self.add_error(None, problem.reason)


def _name(operation: str) -> str:
    return f"level_{operation.replace('.', '_')}"


def _initial(binding: Binding) -> dict[str, Any]:
    levels = {_name(key): word for key, word in binding.levels.items()}
    return {"connection": binding.connection_id, **binding.settings, **levels}
