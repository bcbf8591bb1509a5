"""Subject kinds: how any floor resolves (kind, id) to a page, a label and a visible queryset, without a foreign key."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from apps.core.actor import Actor
from apps.core.registry import Registry


@dataclass(frozen=True, slots=True)
class SubjectKind:
    """A kind of subject: the rows an actor may see of it, and the page of one."""

    kind: str
    title: str
    plural: str
    visible: Callable[[Actor], QuerySet[Any]]
    url: Callable[[str], str]
    label_field: str = "name"


SUBJECTS: Registry[SubjectKind] = Registry("subject kind")
