"""Three-valued facts: yes, no, unknown. Absent, null and "no information" are unknown, never no."""

from django.db import models


class Fact(models.TextChoices):
    """A fact as a source reports it."""

    YES = "yes", "Yes"
    NO = "no", "No"
    UNKNOWN = "unknown", "Unknown"


def fact(value: bool | None) -> Fact:
    """Return the fact of a nullable boolean."""
    if value is None:
        return Fact.UNKNOWN
    return Fact.YES if value else Fact.NO


class FactField(models.CharField):
    """A column holding a Fact; unknown unless a source says otherwise."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", 7)
        kwargs.setdefault("choices", Fact.choices)
        kwargs.setdefault("default", Fact.UNKNOWN)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
