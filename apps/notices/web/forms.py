"""Forms of notices: they explain; the services decide."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from apps.core.notices import NOTICE_KINDS, NoticeKind
from apps.notices.services.chat import FIXED, HOSTED
from apps.notices.states import CHANNEL_MEDIA


class ChannelForm(forms.Form):
    """A new chat room or webhook."""

    name = forms.CharField(max_length=100, help_text="For example the room: “Security desk”.")
    medium = forms.ChoiceField(
        choices=[(medium.value, medium.label) for medium in CHANNEL_MEDIA], widget=forms.RadioSelect, initial="chat"
    )
    address = forms.CharField(
        max_length=1000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Chat: an apprise address, " + ", ".join(sorted(FIXED.keys() | HOSTED)) + ". Webhook: https://… "
        "It is stored encrypted and never shown again.",
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(label="Hears of", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = sorted(NOTICE_KINDS, key=lambda kind: kind.title)
        self.fields["kinds"].choices = [(kind.key, kind.title) for kind in kinds]  # type: ignore[attr-defined]

    def explain(self, reason: str, fields: Mapping[str, str]) -> None:
        """Show a refusal of the command where it belongs."""
        for name, problem in fields.items():
            self.add_error(name, problem)
        if not fields:
            self.add_error(None, reason)


class ChoicesForm(forms.Form):
    """One check box per kind: whether it comes by mail. What may not be switched off is a disabled, checked box."""

    def __init__(self, *args: Any, choices: Sequence[tuple[NoticeKind, bool]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, by_mail in choices:
            self.fields[kind.key] = forms.BooleanField(
                label=kind.title,
                required=False,
                initial=by_mail,
                disabled=not kind.may_opt_out,
                help_text="" if kind.may_opt_out else "This always comes by mail.",
            )

    @property
    def chosen(self) -> dict[str, bool]:
        """Return what was chosen where there is a choice."""
        return {key: bool(self.cleaned_data[key]) for key, field in self.fields.items() if not field.disabled}
