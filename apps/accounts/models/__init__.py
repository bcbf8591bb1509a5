"""People and service accounts who sign in, their teams, roles, sign-in links and API tokens."""

from apps.accounts.models.link import SignInLink
from apps.accounts.models.role import RoleChange
from apps.accounts.models.token import ApiToken
from apps.accounts.models.user import Team, TeamMembership, User, UserManager

__all__ = ["ApiToken", "RoleChange", "SignInLink", "Team", "TeamMembership", "User", "UserManager"]
