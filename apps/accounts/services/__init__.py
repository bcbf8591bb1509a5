"""Commands on people, roles, links, sessions, tokens and teams."""

from apps.accounts.services.links import create_link, use_link
from apps.accounts.services.people import (
    create_service_account,
    create_user,
    deactivate_user,
    reactivate_user,
    set_shortcuts,
)
from apps.accounts.services.roles import (
    confirm_role,
    expire_proposals,
    give_role,
    propose_role,
    refuse_role,
    remove_role,
    withdraw_role,
)
from apps.accounts.services.sample import ensure_sample_users, remove_sample_users
from apps.accounts.services.sessions import end_sessions
from apps.accounts.services.teams import create_team, remove_member, set_member
from apps.accounts.services.tokens import create_token, revoke_token

__all__ = [
    "confirm_role",
    "create_link",
    "create_service_account",
    "create_team",
    "create_token",
    "create_user",
    "deactivate_user",
    "end_sessions",
    "ensure_sample_users",
    "expire_proposals",
    "give_role",
    "propose_role",
    "reactivate_user",
    "refuse_role",
    "remove_member",
    "remove_role",
    "remove_sample_users",
    "revoke_token",
    "set_member",
    "set_shortcuts",
    "use_link",
    "withdraw_role",
]
