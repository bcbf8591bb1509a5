"""Filters of the lists of findings and results."""

from dataclasses import fields
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core import clock
from apps.core.actor import Actor
from apps.inventory.models import Asset, Person, Source
from apps.posture.models import Finding, Result
from apps.posture.queries.findings import (
    ACCEPTED,
    FindingFilters,
    ResultFilters,
    finding_list,
    finding_owners,
    reason_label,
    result_list,
)
from apps.posture.queries.where import narrowed
from apps.posture.spec import CHECKS
from apps.posture.states import FindingState, Outcome, Pillar, Severity, SubjectKindName

MAX_CHOICES = 200
TIERS = (("1", "Tier 1"), ("2", "Tier 2"), ("3", "Tier 3"), ("none", "No tier"))


def _checks() -> list[tuple[str, str]]:
    return [(spec.id, f"{spec.id} {spec.title}") for spec in CHECKS]


def _reasons() -> list[tuple[str, str]]:
    shared = [
        ("no_data", reason_label(None, "no_data")),
        ("stale", reason_label(None, "stale")),
        ("error", reason_label(None, "error")),
    ]
    own = {reason: words for spec in CHECKS for reason, words in spec.reasons.items()}
    return [*shared, *sorted(own.items(), key=lambda pair: pair[1])]


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


class ActorFilter(django_filters.FilterSet):
    """Filters whose choices depend on what the actor may see; a filter without choices is not offered."""

    def __init__(self, data: Any = None, queryset: Any = None, *, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(data, queryset, request=request, **kwargs)
        self.actor: Actor = request.actor  # type: ignore[attr-defined]
        for name, choices in self.offered(request).items():
            if choices:
                self.filters[name].extra["choices"] = choices
            elif not request.GET.get(name):
                del self.filters[name]

    def offered(self, request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
        """Return the choices per filter."""
        return {}

    def about(self, request: HttpRequest, name: str, rows: QuerySet[Any]) -> list[tuple[str, str]]:
        """Return the one choice that is asked for, named where the actor may see it; none where nothing is asked."""
        asked = request.GET.get(name, "")
        if not asked or not _is_id(asked):
            return []
        found = rows.filter(pk=asked).first()
        return [(asked, str(found) if found else "not visible")]


class FindingFilter(ActorFilter):
    """Filters of the findings; at most eight are offered."""

    q = django_filters.CharFilter(label="Find by subject, check or number", max_length=200)
    severity = django_filters.MultipleChoiceFilter(choices=Severity.choices, label="Severity")
    pillar = django_filters.MultipleChoiceFilter(choices=Pillar.choices, label="Pillar")
    check = django_filters.ChoiceFilter(choices=_checks, label="Check", empty_label="Any")
    owner = django_filters.ChoiceFilter(choices=(), label="Owner", empty_label="Any")
    tier = django_filters.ChoiceFilter(choices=TIERS, label="Tier", empty_label="Any")
    late = django_filters.ChoiceFilter(
        choices=(("yes", "Past due"), ("no", "Not past due")), label="Late", empty_label="Any"
    )
    state = django_filters.MultipleChoiceFilter(
        choices=[*FindingState.choices, (ACCEPTED, Outcome.ACCEPTED.label)], label="State"
    )
    source = django_filters.ChoiceFilter(choices=(), label="Source", empty_label="Any")
    asset = django_filters.ChoiceFilter(choices=(), label="Asset", empty_label="Any")
    subject = django_filters.ChoiceFilter(choices=(), label="Subject", empty_label="Any")

    class Meta:
        model = Finding
        fields: list[str] = []

    def offered(self, request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
        """Return owners of visible findings, sources, and the asset or subject that a link asks for."""
        owners = [(str(key), name) for key, name in finding_owners(self.actor, MAX_CHOICES)]
        asked = self.about(request, "owner", Person.objects.visible_to(self.actor))
        sources = Source.objects.visible_to(self.actor).read().order_by("name").values_list("pk", "name")[:MAX_CHOICES]
        subject = request.GET.get("subject", "")
        return {
            "owner": [("none", "Nobody"), *dict([*asked, *owners]).items()],
            "source": [(str(key), name) for key, name in sources],
            "asset": self.about(request, "asset", Asset.objects.visible_to(self.actor)),
            "subject": [(subject, "one subject")] if _is_id(subject) else [],
        }

    def filter_queryset(self, queryset: QuerySet[Finding]) -> QuerySet[Finding]:
        """Return the findings that the filters keep."""
        return finding_list(self.actor, finding_filters(self.form.cleaned_data), clock.now().date())


def finding_filters(given: dict[str, Any]) -> FindingFilters:
    """Return what a valid form says, several choices joined."""
    values = {field.name: given.get(field.name) or "" for field in fields(FindingFilters)}
    return FindingFilters(
        **{name: ",".join(value) if isinstance(value, list) else value for name, value in values.items()}
    )


class ResultFilter(ActorFilter):
    """Filters of the results. Those that only links set are offered where they are set."""

    outcome = django_filters.ChoiceFilter(
        choices=[*Outcome.choices, ("applicable", "Applicable")], label="Result", empty_label="Any"
    )
    pillar = django_filters.ChoiceFilter(choices=Pillar.choices, label="Pillar", empty_label="Any")
    check = django_filters.ChoiceFilter(choices=_checks, label="Check", empty_label="Any")
    kind = django_filters.ChoiceFilter(
        choices=[(kind.value, kind.value.capitalize()) for kind in SubjectKindName], label="Subject", empty_label="Any"
    )
    reason = django_filters.ChoiceFilter(choices=_reasons, label="Reason", empty_label="Any")
    unit = django_filters.ChoiceFilter(choices=(), label="Business unit", empty_label="Any")
    department = django_filters.ChoiceFilter(choices=(), label="Department", empty_label="Any")
    source = django_filters.ChoiceFilter(choices=(), label="Source", empty_label="Any")
    asset = django_filters.ChoiceFilter(choices=(), label="Asset", empty_label="Any")
    subject = django_filters.ChoiceFilter(choices=(), label="Subject id", empty_label="Any")
    run = django_filters.CharFilter(label="Run", max_length=18, widget=forms.HiddenInput)

    class Meta:
        model = Result
        fields: list[str] = []

    def offered(self, request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
        """Return what links ask for."""
        subject = request.GET.get("subject", "")
        places = {name: request.GET.get(name, "")[:200] for name in ("unit", "department", "source")}
        return {
            **{
                name: [(value, "not known" if value == "-" else value)] if value else []
                for name, value in places.items()
            },
            "asset": self.about(request, "asset", Asset.objects.visible_to(self.actor)),
            "subject": [(subject, "one subject")] if _is_id(subject) else [],
        }

    def filter_queryset(self, queryset: QuerySet[Result]) -> QuerySet[Result]:
        """Return the results that the filters keep; an asset the actor may not see has none."""
        given = self.form.cleaned_data
        plain = {field.name: given.get(field.name) or "" for field in fields(ResultFilters)}
        rows = result_list(self.actor, ResultFilters(**plain))
        if given.get("asset") and not Asset.objects.visible_to(self.actor).filter(pk=given["asset"]).exists():
            return rows.none()
        return narrowed(rows, given)
