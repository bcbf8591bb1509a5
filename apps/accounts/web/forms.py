"""Forms of accounts: they explain; the services decide."""

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.accounts.rules import GIVABLE, SCOPES
from apps.accounts.services.tokens import MAX_DAYS
from apps.core.actor import Role
from apps.core.errors import Invalid


class PersonForm(forms.Form):
    """A new person."""

    name = forms.CharField(max_length=200)
    email = forms.EmailField(label="Mail address", max_length=254)


class ServiceForm(forms.Form):
    """A new service account."""

    name = forms.CharField(max_length=200)
    slug = forms.SlugField(
        label="Short name",
        max_length=60,
        help_text="Letters, digits and hyphens; it names the account in the audit log.",
    )


class PasswordForm(forms.Form):
    """The first password, typed twice."""

    password = forms.CharField(
        label="New password",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters; a few words are easy to remember.",
    )
    again = forms.CharField(
        label="New password again",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse two different passwords."""
        data = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", "The two passwords differ.")
        return data


class RoleForm(forms.Form):
    """A role to propose."""

    role = forms.ChoiceField()
    reason = forms.CharField(max_length=500, required=False, help_text="Who confirms reads this.")

    def __init__(self, *args: Any, user: User, held: frozenset[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        open_roles = GIVABLE[User.Kind(user.kind)] - held
        self.fields["role"].choices = [(role.value, role.label) for role in Role if role in open_roles]  # type: ignore[attr-defined]


class TeamForm(forms.Form):
    """A new team."""

    name = forms.CharField(max_length=200)
    business_unit = forms.CharField(max_length=200, required=False)


class MemberForm(forms.Form):
    """Put someone into a team."""

    user: Any = forms.ModelChoiceField(queryset=None, label="Person")
    manages = forms.BooleanField(label="Manages this team", required=False)

    def __init__(self, *args: Any, users: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = users  # type: ignore[attr-defined]


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(max_length=100, help_text="Where it is used, for example “SIEM export”.")
    scopes = forms.MultipleChoiceField(
        label="May read", choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(label="Days until it expires", min_value=1, max_value=MAX_DAYS, initial=90)


def explain(form: forms.Form, problem: Invalid) -> None:
    """Put what a service found invalid beside the fields it is about."""
    known = {name: text for name, text in problem.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, text)
    if not known:
        form.add_error(None, problem.reason)
