"""Routes in versions; a change is proposed by one administrator and confirmed by another, as policies are."""

from collections.abc import Mapping
from typing import TypedDict

from django.db import models

from apps.access.models.version import Change, Version, change_of_two, version_of_two


class Stage(TypedDict):
    """A stage as versions keep it: the fields of `RouteStage`."""

    rule: str
    need: int
    answer_minutes: int
    remind_minutes: int
    escalate_to: str
    fallback: str


class Route(TypedDict):
    """The route of a tier: how many hours a request waits altogether, and its stages in their order."""

    hours: int
    stages: list[Stage]


Tiers = Mapping[str, Route]


class RouteVersion(Version):
    """The routes of all tiers in force: `tiers` maps the number of a tier to its stages and the hours a request waits.

    The stages are kept as `RouteStage` too, which plans read.
    """

    tiers = models.JSONField()

    class Meta(Version.Meta):
        constraints = [version_of_two("route")]

    def __str__(self) -> str:
        return f"Routes, version {self.number}"


class RouteChange(Change):
    """Proposed routes of all tiers."""

    based_on = models.ForeignKey(RouteVersion, on_delete=models.PROTECT, related_name="changes")
    tiers = models.JSONField()

    class Meta(Change.Meta):
        constraints = change_of_two("route")
