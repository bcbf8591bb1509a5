"""Identities with their factors and credentials."""

import re
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from apps.core.actor import Actor
from apps.core.facts import Fact
from apps.inventory.models.facts import CredentialFacts, FactorFacts, IdentityFacts
from apps.inventory.models.person import Person
from apps.inventory.models.rows import M, Row, RowQuerySet

STRENGTHS = {
    "phishing_resistant": "Phishing-resistant",
    "strong": "Strong",
    "weak": "Weak",
    "not_a_factor": "Does not count as a factor",
}


class IdentityQuerySet(RowQuerySet["Identity"]):
    """Identities."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the identities of people this actor may see; all for wide roles."""
        if actor.sees_all:
            return self
        people = Person.objects.visible_to(actor)
        return self.filter(Exists(people.filter(pk=OuterRef("person_id"))))

    def counted(self) -> Self:
        """Return the identities that counts are about: present and not disabled (unknown is in scope)."""
        return self.present().filter(~Q(enabled=Fact.NO))


class Identity(IdentityFacts, Row):
    """An account at one source that can act."""

    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="identities")
    person_by_hand = models.BooleanField(default=False, help_text="Merged or split here; an import leaves it alone")

    objects = IdentityQuerySet.as_manager()

    class Meta:
        ordering = ["name", "login", "id"]
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="identity_unique")]
        indexes = [
            models.Index(Lower("email"), name="identity_email_lower"),
            models.Index(Lower("login"), name="identity_login_lower"),
            # The order of the list, so that a page of it is read and not sorted out of all identities.
            models.Index(fields=["name", "login", "id"], condition=Q(gone_at__isnull=True), name="identity_by_name"),
        ]

    def __str__(self) -> str:
        return self.name or self.login or self.source_key


class OfIdentityQuerySet(RowQuerySet[M]):
    """Factors and credentials."""

    def visible_to(self, actor: Actor) -> Self:
        """Return those of the identities this actor may see."""
        if actor.sees_all:
            return self
        identities = Identity.objects.visible_to(actor)
        return self.filter(Exists(identities.filter(pk=OuterRef("identity_id"))))


class Factor(FactorFacts, Row):
    """A registered second factor of an identity."""

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="factors")

    objects = OfIdentityQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="factor_unique")]

    @property
    def type_label(self) -> str:
        """Return the type as people read it: `aws_mfa` and `softwareOneTimePasscode` in words."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", self.type).strip().capitalize().replace("Aws mfa", "AWS MFA")

    @property
    def strength_label(self) -> str:
        """Return the strength in words."""
        return STRENGTHS.get(self.strength, "Not known")


class Credential(CredentialFacts, Row):
    """A credential of an identity; never its value."""

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="credentials")

    objects = OfIdentityQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="credential_unique")]

    def __str__(self) -> str:
        return self.name or self.source_key
