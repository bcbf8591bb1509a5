"""Forms of the inventory: they explain; rules and constraints decide."""

from collections.abc import Iterable
from typing import Any

from django import forms

from apps.core.text import display
from apps.inventory.formats import FORMATS
from apps.inventory.models import Asset, Identity, Person


class ManyFilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several uploaded files; at least one."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return the files, each checked as a file field checks one."""
        files = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(file, initial) for file in files]


def _format_choices() -> list[tuple[str, str]]:
    return [("auto", "Recognise it"), *((known.name, known.title) for known in FORMATS)]


class UploadForm(forms.Form):
    """One export: its files, its format, its source, and when it was taken."""

    files: Any = ManyFilesField(
        label="Files",
        max_length=300,
        help_text="All parts and pages of one export, 20 MB together; gzip and zip are fine.",
    )
    format = forms.ChoiceField(label="Format", choices=_format_choices, initial="auto")
    source_name = forms.CharField(
        label="Source", required=False, max_length=200, help_text="Leave empty for the name the export suggests."
    )
    observed_at = forms.DateTimeField(
        label="Taken at, UTC",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="When the export was made; empty means now.",
    )
    mapping = forms.CharField(
        label="Column mapping and options",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One line each: for people CSV with unusual headings such as email=Work mail; for IAM authorization "
        "details model_buckets=NAMES and own_accounts=NUMBERS, separated by commas.",
    )
    accept_shrink = forms.BooleanField(
        label="Accept that it is less than half of the last export",
        required=False,
        help_text="Otherwise such a file is refused, because it is usually cut off.",
    )

    def clean_mapping(self) -> dict[str, str]:
        """Return the mapping as field → column."""
        lines = [line for line in self.cleaned_data["mapping"].splitlines() if line.strip()]
        pairs = [line.partition("=") for line in lines]
        if any(not separator or not left.strip() or not right.strip() for left, separator, right in pairs):
            raise forms.ValidationError("Write each line as field=column.")
        return {left.strip(): right.strip() for left, _, right in pairs}


class OwnershipForm(forms.Form):
    """Owner and tier of one asset."""

    owner = forms.ModelChoiceField(queryset=Person.objects.none(), label="Owner", required=False)
    tier = forms.TypedChoiceField(
        label="Tier",
        required=False,
        coerce=int,
        empty_value=None,
        choices=(
            ("", "As claimed"),
            (1, "1, customer impact or regulated"),
            (2, "2, internal decisions"),
            (3, "3, all other"),
        ),
    )

    def __init__(self, data: Any, *, asset: Asset, people: Any, may_owner: bool, may_tier: bool) -> None:
        initial = {"owner": asset.owner_id, "tier": asset.tier if asset.tier_confirmed else None}
        super().__init__(data, initial=initial)
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]
        if not may_owner:
            del self.fields["owner"]
        if not may_tier:
            del self.fields["tier"]


class SplitForm(forms.Form):
    """The identities of a person that are somebody else's, and that somebody's name."""

    identities = forms.MultipleChoiceField(
        label="Identities that are somebody else's",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one identity."},
    )
    name = forms.CharField(label="Name of the new person", max_length=300)

    def __init__(self, data: Any = None, *, identities: Iterable[Identity]) -> None:
        super().__init__(data)
        labels = [(str(one.pk), f"{display(str(one))}, {display(one.source.name)}") for one in identities]
        self.fields["identities"].choices = labels  # type: ignore[attr-defined]
