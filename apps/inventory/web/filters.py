"""Filters of the inventory's lists."""

from datetime import timedelta
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from apps.core import clock
from apps.core.facts import Fact
from apps.inventory.models import Asset, Identity, Person
from apps.inventory.queries.assets import PARTS, shown_by, survey
from apps.inventory.queries.people import survey as identity_survey
from apps.inventory.states import AssetKind, IdentityKind, PersonStatus, UseState

PROBLEMS = (
    ("no_owner", "No confirmed owner"),
    ("not_seen", "Not seen for 7 days"),
    ("one_source", "Only one source"),
    ("disagree", "Sources disagree"),
)
NOT_SEEN = timedelta(days=7)


def _kinds() -> list[tuple[str, str]]:
    return [(kind.value, str(kind.label)) for kind in AssetKind if kind not in PARTS]


class AssetFilter(django_filters.FilterSet):
    """Filters of the asset list; at most eight."""

    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Find by name", max_length=200)
    kind = django_filters.MultipleChoiceFilter(choices=_kinds, label="Kind")
    tier = django_filters.MultipleChoiceFilter(choices=((1, "Tier 1"), (2, "Tier 2"), (3, "Tier 3")), label="Tier")
    unit = django_filters.MultipleChoiceFilter(field_name="business_unit", label="Business unit")
    environment = django_filters.MultipleChoiceFilter(label="Environment")
    data = django_filters.MultipleChoiceFilter(field_name="classification", label="Data class")
    source = django_filters.ChoiceFilter(method="from_source", label="Source")
    problem = django_filters.ChoiceFilter(choices=PROBLEMS, method="with_problem", label="Problem")

    class Meta:
        model = Asset
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = survey(self.request.actor)
        offered = {"unit": found.units, "environment": found.environments, "data": found.classes}
        for name, values in offered.items():
            self.filters[name].extra["choices"] = [(value, value) for value in values]
        self.filters["source"].extra["choices"] = [(str(key), name) for key, name in found.sources]

    def from_source(self, rows: QuerySet[Asset], name: str, value: Any) -> QuerySet[Asset]:
        """Keep assets that the source shows."""
        return shown_by(rows, value)

    def with_problem(self, rows: QuerySet[Asset], name: str, value: str) -> QuerySet[Asset]:
        """Keep assets with the problem."""
        problems = {
            "no_owner": Q(owner_confirmed_at__isnull=True) | Q(owner__isnull=True),
            "not_seen": Q(last_seen_at__lt=clock.now() - NOT_SEEN),
            "one_source": Q(source_count=1),
            "disagree": ~Q(disagreements={}),
        }
        return rows.filter(problems[value])


class IdentityFilter(django_filters.FilterSet):
    """Filters of the identity list."""

    q = django_filters.CharFilter(method="named", label="Find by name, login or mail", max_length=200)
    kind = django_filters.MultipleChoiceFilter(choices=IdentityKind.choices, label="Kind")
    source = django_filters.ChoiceFilter(field_name="source_id", label="Source")
    enabled = django_filters.ChoiceFilter(choices=Fact.choices, label="Enabled")
    factor = django_filters.ChoiceFilter(
        choices=(("strong", "Strong"), ("weak", "Only weak"), ("none", "None"), ("unknown", "Not known")),
        method="with_factor",
        label="Second factor",
    )
    used = django_filters.ChoiceFilter(field_name="use_state", choices=UseState.choices, label="Last use")

    class Meta:
        model = Identity
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["source"].extra["choices"] = [
            (str(key), name) for key, name in identity_survey(self.request.actor).sources
        ]

    def named(self, rows: QuerySet[Identity], name: str, value: str) -> QuerySet[Identity]:
        """Keep identities whose name, login or mail contains the text."""
        return rows.filter(Q(name__icontains=value) | Q(login__icontains=value) | Q(email__icontains=value))

    def with_factor(self, rows: QuerySet[Identity], name: str, value: str) -> QuerySet[Identity]:
        """Keep identities by their strongest registered factor."""
        return rows.filter(
            {
                "strong": Q(strong=True),
                "weak": Q(strong=False, weak=True),
                "none": Q(strong=False, weak=False, mfa_known=Fact.YES),
                "unknown": Q(strong=False, weak=False) & ~Q(mfa_known=Fact.YES),
            }[value]
        )


class PersonFilter(django_filters.FilterSet):
    """Filters of the list of people."""

    q = django_filters.CharFilter(method="named", label="Find by name or mail", max_length=200)
    status = django_filters.MultipleChoiceFilter(choices=PersonStatus.choices, label="Status")
    team = django_filters.CharFilter(field_name="team_name", lookup_expr="iexact", label="Team")
    user = django_filters.ChoiceFilter(
        method="linked", label="User", choices=[("linked", "Linked"), ("none", "Not linked")], empty_label="Any"
    )

    class Meta:
        model = Person
        fields: list[str] = []

    def named(self, rows: QuerySet[Person], name: str, value: str) -> QuerySet[Person]:
        """Keep people whose name or mail contains the text."""
        return rows.filter(Q(name__icontains=value) | Q(email__icontains=value))

    def linked(self, rows: QuerySet[Person], name: str, value: str) -> QuerySet[Person]:
        """Keep people who are linked to a user who signs in here, or who are not."""
        return rows.filter(user__isnull=value == "none")
