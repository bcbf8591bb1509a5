"""Teams and who belongs to them."""

from datetime import datetime

from django.db import IntegrityError, transaction

from apps.accounts.events import MEMBER_CHANGED, MEMBER_REMOVED, TEAM_CREATED
from apps.accounts.models import Team, TeamMembership, User
from apps.accounts.rules import can_manage_people
from apps.accounts.services.sessions import subject_of
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject


@command(TEAM_CREATED)
def create_team(*, actor: Actor, now: datetime, name: str, business_unit: str = "") -> Changed:
    """Create a team; the value is the team. Raises Forbidden, Invalid for an empty or taken name."""
    can_manage_people(actor).require()
    if not name.strip() or len(name) > 200 or len(business_unit) > 200:
        raise Invalid("A name has 1 to 200 characters.", name="A name has 1 to 200 characters.")
    try:
        with transaction.atomic():
            team = Team.objects.create(name=name.strip(), business_unit=business_unit.strip())
    except IntegrityError:
        raise Invalid("A team of this name exists.", name="Already in use.") from None
    return Changed(Subject("team", str(team.pk), team.name), {"business_unit": team.business_unit}, value=team)


@command(MEMBER_CHANGED)
def set_member(*, actor: Actor, now: datetime, user: User, team: Team, manages: bool) -> Changed | Unchanged:
    """Put a user into a team, or change whether they manage it. Raises Forbidden; nobody makes themselves manager."""
    can_manage_people(actor).require()
    if actor.user_id == user.pk and manages:
        raise Invalid("Another administrator makes you the manager of a team.")
    row, created = TeamMembership.objects.get_or_create(user=user, team=team, defaults={"manages": manages})
    changed = TeamMembership.objects.filter(pk=row.pk).exclude(manages=manages).update(manages=manages)
    if not created and not changed:
        return Unchanged(value=row)
    return Changed(subject_of(user), {"team": team.name, "manages": manages}, value=row)


@command(MEMBER_REMOVED)
def remove_member(*, actor: Actor, now: datetime, user: User, team: Team) -> Changed:
    """Take a user out of a team. Raises Forbidden, Conflict when they are not in it."""
    can_manage_people(actor).require()
    deleted, _ = TeamMembership.objects.filter(user=user, team=team).delete()
    if not deleted:
        raise Conflict("This user is not in this team.")
    return Changed(subject_of(user), {"team": team.name})
