"""Filters of the audit log."""

from datetime import UTC, date, datetime, time, timedelta

import django_filters
from django import forms
from django.db.models import Q

from apps.audit.models import Entry, EntryQuerySet
from apps.audit.queries.events import OUTCOME_CHOICES
from apps.core.events import EVENTS, PRIVILEGED

MAX_TEXT = 200


def action_groups() -> list[tuple[str, str]]:
    """Return the apps that declare events, as groups of actions."""
    return [(group, group.capitalize()) for group in sorted({name.split(".")[0] for name in EVENTS.names()})]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


class EventFilter(django_filters.FilterSet):
    """Range, actor, object, action group, result, request and privileged only."""

    actor = django_filters.CharFilter(method="by_actor", label="Actor", max_length=MAX_TEXT)
    subject = django_filters.CharFilter(method="by_subject", label="Object", max_length=MAX_TEXT)
    action = django_filters.MultipleChoiceFilter(method="by_group", label="Action", choices=action_groups)
    outcome = django_filters.ChoiceFilter(label="Result", choices=OUTCOME_CHOICES, empty_label="Any")
    since = django_filters.DateFilter(method="from_day", label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = django_filters.DateFilter(method="to_day", label="To", widget=forms.DateInput(attrs={"type": "date"}))
    privileged = django_filters.BooleanFilter(
        method="only_privileged", label="Privileged only", widget=forms.CheckboxInput
    )
    request = django_filters.CharFilter(field_name="request_id", label="Request", max_length=MAX_TEXT)

    class Meta:
        model = Entry
        fields: list[str] = []

    def by_actor(self, rows: EntryQuerySet, name: str, value: str) -> EntryQuerySet:
        """Filter by the actor's id, or a part of the name."""
        return rows.filter(Q(actor_id=value) | Q(details__actor_label__icontains=value))

    def by_subject(self, rows: EntryQuerySet, name: str, value: str) -> EntryQuerySet:
        """Filter by the object's kind or id, or a part of its name."""
        exact = Q(subject_id=value) | Q(subject_kind=value)
        return rows.filter(exact | Q(details__subject_label__icontains=value))

    def by_group(self, rows: EntryQuerySet, name: str, value: list[str]) -> EntryQuerySet:
        """Filter by the app that declares the action."""
        asked = Q()
        for group in value:
            asked |= Q(action__startswith=f"{group}.")
        return rows.filter(asked)

    def from_day(self, rows: EntryQuerySet, name: str, value: date) -> EntryQuerySet:
        """Filter from the start of a UTC day."""
        return rows.filter(at__gte=_midnight(value))

    def to_day(self, rows: EntryQuerySet, name: str, value: date) -> EntryQuerySet:
        """Filter to the end of a UTC day."""
        return rows.filter(at__lt=_midnight(min(value, date.max - timedelta(days=1)) + timedelta(days=1)))

    def only_privileged(self, rows: EntryQuerySet, name: str, value: bool) -> EntryQuerySet:
        """Leave reads and refusals of the activity log out."""
        return rows.filter(log=PRIVILEGED) if value else rows
