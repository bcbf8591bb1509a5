"""People who stand behind identities."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from apps.accounts.models import Team
from apps.core.actor import Actor, Role
from apps.inventory.models.facts import PersonFacts
from apps.inventory.models.rows import Row, RowQuerySet
from apps.inventory.states import PersonStatus


class PersonQuerySet(models.QuerySet["Person"]):
    """People."""

    def visible_to(self, actor: Actor) -> Self:
        """Everyone for wide roles; else oneself, and for managers the people of the teams they manage."""
        if actor.sees_all:
            return self
        own = Q(user_id=actor.user_id) if actor.user_id else Q(pk__in=[])
        if actor.has(Role.MANAGER) and actor.managed_team_ids:
            own |= Q(team_id__in=actor.managed_team_ids)
        return self.filter(own)


class Person(models.Model):
    """A person, resolved from the records of all sources; merged or split by hand, never by display name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=300)
    email = models.CharField(max_length=320, blank=True)
    job_title = models.CharField(max_length=200, blank=True)
    business_unit = models.CharField(max_length=200, blank=True)
    team_name = models.CharField(max_length=200, blank=True)
    team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="people")
    manager = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="reports")
    status = models.CharField(max_length=7, choices=PersonStatus.choices, default=PersonStatus.UNKNOWN)
    started_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="person")

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        indexes = [models.Index(Lower("email"), name="person_email_lower")]

    def __str__(self) -> str:
        return self.name


class PersonRecordQuerySet(RowQuerySet["PersonRecord"]):
    """Person records."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the records of the people this actor may see."""
        if actor.sees_all:
            return self
        return self.filter(Exists(Person.objects.visible_to(actor).filter(pk=OuterRef("person_id"))))


class PersonRecord(PersonFacts, Row):
    """A person as one source shows them."""

    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="records")
    person_by_hand = models.BooleanField(default=False, help_text="Merged or split here; an import leaves it alone")

    objects = PersonRecordQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="person_record_unique")]
        indexes = [
            models.Index(Lower("source_key"), name="person_record_key_lower"),
            models.Index(Lower("email"), name="person_record_email_lower"),
            models.Index(Lower("login"), name="person_record_login_lower"),
            models.Index(Lower("name"), name="person_record_name_lower"),
        ]
