"""Forms of connections, built from what a driver declares. They explain; the services decide."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from apps.connectors.drivers import Driver
from apps.connectors.drivers.fields import Field
from apps.core.errors import DomainError

#: What a page posts beside the declared fields.
OWN = frozenset({"csrfmiddlewaretoken", "action", "name"})


class ConnectionForm(forms.Form):
    """Name and settings, secret fields, or both, of one driver. A secret is never written into a page."""

    def __init__(
        self, driver: Driver, *args: Any, with_settings: bool = True, with_secret: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._driver = driver
        if with_settings:
            self.fields["name"] = forms.CharField(max_length=100, help_text="As people will see it in requests.")
            for field in driver.fields:
                self.fields[field.name] = _form_field(field)
        if with_secret:
            for field in driver.secret_fields:
                self.fields[field.name] = _form_field(field)

    def explain(self, problem: DomainError) -> None:
        """Show a refusal of the service where it belongs."""
        if not self.is_bound:
            return
        for name, why in problem.fields.items():
            self.add_error(name if name in self.fields else None, why if name in self.fields else problem.reason)
        if not problem.fields:
            self.add_error(None, problem.reason)


def entered(driver: Driver, data: QueryDict) -> tuple[dict[str, object], dict[str, object]]:
    """Return (settings, secret) as posted; what is undeclared stands among the settings, and the service refuses it."""
    secret = {field.name for field in driver.secret_fields}
    posted = {key: data.get(key) for key in data if key not in OWN}
    return (
        {key: value for key, value in posted.items() if key not in secret},
        {key: value for key, value in posted.items() if key in secret},
    )


def initial(driver: Driver, values: Mapping[str, str] | None = None, name: str = "") -> dict[str, str]:
    """Return what a form shows at first: the stored settings, or the defaults."""
    values = values if values is not None else {}
    return {"name": name, **{field.name: values.get(field.name, field.default) for field in driver.fields}}


def _form_field(field: Field) -> forms.Field:
    common: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": field.required}
    if field.kind == "choice":
        return forms.ChoiceField(choices=field.choices, **common)
    if field.kind == "password":
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
        return forms.CharField(widget=widget, strip=False, **common)
    if field.kind == "pem":
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}), **common)
    attributes = {"spellcheck": "false", "autocomplete": "off", **({"inputmode": "url"} if field.kind == "url" else {})}
    return forms.CharField(widget=forms.TextInput(attrs=attributes), **common)
