"""The form of a review: its scope, who reviews, how long, and what follows silence."""

from typing import Any

from django import forms
from django.http import QueryDict

from apps.accounts.models import Team, User
from apps.governance.tiers import TIERS
from apps.inventory.states import AssetKind
from apps.reviews.queries import overview
from apps.reviews.states import Default, Fallback, Frequency, ReviewerRule

_MANY = forms.CheckboxSelectMultiple
_REVIEWERS = [(value, label) for value, label in ReviewerRule.choices if value != ReviewerRule.SELF]


class CampaignForm(forms.Form):
    """A review of one stage by one rule, with the holders' input before it where wanted."""

    name = forms.CharField(max_length=200, label="Name", help_text="For example: Model access, Q4 2026.")
    kinds = forms.MultipleChoiceField(
        choices=AssetKind.choices, required=False, widget=_MANY, label="Kinds of assets", help_text="None chosen: all."
    )
    tiers = forms.TypedMultipleChoiceField(
        choices=[(tier, facts.title) for tier, facts in TIERS.items()], coerce=int, required=False, widget=_MANY,
        label="Tiers", help_text="None chosen: all.",
    )  # fmt: skip
    teams: "forms.ModelMultipleChoiceField[Team]" = forms.ModelMultipleChoiceField(
        queryset=None, required=False, widget=_MANY, label="Teams",
        help_text="Of the asset or of the person. None chosen: all.",
    )  # fmt: skip
    privileged_only = forms.BooleanField(required=False, label="Privileged access only")
    non_human_only = forms.BooleanField(required=False, label="Service accounts, workloads and agents only")
    guests_only = forms.BooleanField(required=False, label="Guests only")
    governance = forms.BooleanField(
        required=False, initial=True, label="What governs the portal too",
        help_text="Approver lists, exceptions, connector accounts, automatic approval, API tokens.",
    )  # fmt: skip
    holders_first = forms.BooleanField(
        required=False, label="Ask the holders first", help_text="Their answer is input; it decides nothing."
    )
    reviewer = forms.ChoiceField(choices=_REVIEWERS, label="Who reviews")
    group: "forms.ModelMultipleChoiceField[User]" = forms.ModelMultipleChoiceField(
        queryset=None, required=False, widget=_MANY, label="Named group", help_text="Only where a named group reviews."
    )
    fallback = forms.ChoiceField(choices=Fallback.choices, label="Where nobody may answer")
    days = forms.IntegerField(min_value=1, max_value=60, initial=14, label="Days to answer")
    default_choice = forms.ChoiceField(
        choices=Default.choices, label="Where nobody answers",
        help_text="Recorded as a default, never as an answer. Only grants can be suspended; other access waits.",
    )  # fmt: skip
    grace_days = forms.IntegerField(min_value=1, max_value=90, initial=3, label="Days from escalation to the default")
    removal_days = forms.IntegerField(min_value=1, max_value=90, initial=7, label="Days to remove what is revoked")
    frequency = forms.ChoiceField(choices=Frequency.choices, label="How often")
    first_on = forms.DateField(
        required=False, label="First on", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text="Only where it recurs; it opens by itself.",
    )  # fmt: skip

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["teams"].queryset = overview.teams()  # type: ignore[attr-defined]
        self.fields["group"].queryset = overview.reviewers()  # type: ignore[attr-defined]

    def terms(self) -> dict[str, Any]:
        """Return what the services take."""
        said = self.cleaned_data
        scope = {
            "kinds": said["kinds"], "tiers": said["tiers"], "teams": [team.pk for team in said["teams"]],
            **{name: said[name] for name in ("privileged_only", "non_human_only", "guests_only", "governance")},
        }  # fmt: skip
        asked = {"fallback": said["fallback"], "days": said["days"]}
        last = {**asked, "reviewer": said["reviewer"], "group": [str(user.pk) for user in said["group"]]}
        first = [{**asked, "reviewer": ReviewerRule.SELF}] if said["holders_first"] else []
        names = ("name", "default_choice", "grace_days", "removal_days")
        return {**{name: said[name] for name in names}, "scope": scope, "stages": [*first, last]}
