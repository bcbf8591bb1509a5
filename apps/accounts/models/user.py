"""Users, teams and who belongs to which."""

import uuid
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from apps.core.actor import Actor, Role


class UserQuerySet(models.QuerySet["User"]):
    """Users."""

    def visible_to(self, actor: Actor) -> Self:
        """Everyone for wide roles; else oneself, and for managers the members of the teams they manage."""
        if actor.sees_all:
            return self
        own = Q(pk=actor.user_id) if actor.user_id else Q(pk__in=[])
        if actor.has(Role.MANAGER) and actor.managed_team_ids:
            members = TeamMembership.objects.filter(team_id__in=actor.managed_team_ids).values("user_id")
            own |= Q(pk__in=members)
        return self.filter(own)

    def people(self) -> Self:
        """Only people, no service accounts."""
        return self.filter(kind=User.Kind.PERSON)

    def services(self) -> Self:
        """Only service accounts."""
        return self.filter(kind=User.Kind.SERVICE)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Builds users; called from services only."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return a user; without a password it cannot sign in with one."""
        user: User = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find by mail address, case-insensitively."""
        user: User = self.get(email__iexact=username)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """Someone who signs in here: a person, or a service account (which has no password)."""

    class Kind(models.TextChoices):
        """Who stands behind the user."""

        PERSON = "person", "Person"
        SERVICE = "service", "Service account"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PERSON)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    is_sample = models.BooleanField(default=False)
    shortcuts_off = models.BooleanField(default=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]
        ordering = ["name", "email"]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Django admin is off: nobody is staff."""
        return False


class Team(models.Model):
    """A team of the organisation. Observed people and assets are matched to it by name, case-insensitively."""

    name = models.CharField(max_length=200)
    business_unit = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="team_name_unique")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TeamMembership(models.Model):
    """A user's membership of a team; managers see what belongs to the teams they manage."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    manages = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="team_membership_unique")]
