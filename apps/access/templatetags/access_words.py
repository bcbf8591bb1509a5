"""{% load access_words %}: spans and moments of time in plain words."""

from datetime import datetime

from django import template

from apps.access.web import words

register = template.Library()


@register.filter
def span(minutes: object) -> str:
    """`1 h 30 min`; `–` for what is no number."""
    return words.span(minutes) if isinstance(minutes, int | float) else "–"


@register.filter
def clock(at: datetime | None, now: datetime) -> str:
    """`16:23` today, else with its day; UTC."""
    return words.clock_time(at, now)
