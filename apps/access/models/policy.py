"""Policies in Cedar, in versions; a change is proposed by one administrator and confirmed by another."""

from django.db import models

from apps.access.models.version import Change, Version, change_of_two, version_of_two


class Policy(models.Model):
    """A policy by its stable id, for example `deploy-needs-second-factor`."""

    slug = models.SlugField(max_length=80, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class PolicyVersion(Version):
    """The whole set in force: `texts` maps each policy's slug to its Cedar text, title and reason.

    Requests and decisions name theirs.
    """

    texts = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta(Version.Meta):
        constraints = [version_of_two("policy")]

    def __str__(self) -> str:
        return f"Version {self.number}"


class PolicyChange(Change):
    """A proposed new set of policies."""

    based_on = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="changes")
    texts = models.JSONField()

    class Meta(Change.Meta):
        constraints = change_of_two("policy")
