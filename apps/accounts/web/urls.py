"""Pages of accounts: sign-in as the library provides it, one's own account, and people for security admins."""

from allauth.account import views as sign_in
from django.urls import include, path

from apps.accounts.web import account, links, people, roles, teams, tokens

library = [
    path("account/login", sign_in.login, name="account_login"),
    path("account/logout", sign_in.logout, name="account_logout"),
    path("account/inactive", sign_in.account_inactive, name="account_inactive"),
    path("account/signup", sign_in.signup, name="account_signup"),
    path("account/confirm", sign_in.reauthenticate, name="account_reauthenticate"),
    path("account/password", sign_in.password_change, name="account_change_password"),
    path("account/password/set", sign_in.password_set, name="account_set_password"),
    path("account/factors/", include("allauth.mfa.urls")),
]

own = [
    path("account", account.profile, name="profile"),
    path("account/shortcuts", account.shortcuts, name="shortcuts"),
    path("account/security", account.security, name="security"),
    path("account/sessions", account.sessions, name="sessions"),
    path("account/tokens", tokens.own, name="tokens"),
    path("account/tokens/<uuid:pk>/revoke", tokens.revoke, name="token_revoke"),
    path("account/link/<str:secret>", links.use, name="link"),
]

setup = [
    path("setup/people", people.table, name="people"),
    path("setup/people.<str:export>", people.table, name="people_export"),
    path("setup/people/new", people.new, name="person_new"),
    path("setup/people/<uuid:pk>", people.detail, name="person"),
    path("setup/people/<uuid:pk>/invite", people.invite, name="person_invite"),
    path("setup/people/<uuid:pk>/deactivate", people.deactivate, name="person_deactivate"),
    path("setup/people/<uuid:pk>/reactivate", people.reactivate, name="person_reactivate"),
    path("setup/people/<uuid:pk>/sessions", people.end_sessions, name="person_sessions"),
    path("setup/people/<uuid:pk>/tokens", tokens.of_service, name="person_tokens"),
    path("setup/people/<uuid:pk>/roles", roles.propose, name="role_propose"),
    path("setup/people/<uuid:pk>/roles/remove", roles.remove, name="role_remove"),
    path("setup/proposals", roles.proposals, name="proposals"),
    path("setup/proposals/<uuid:pk>", roles.decide, name="proposal"),
    path("setup/teams", teams.table, name="teams"),
    path("setup/teams/<int:pk>/members", teams.member, name="team_member"),
    path("setup/services", people.services, name="services"),
]

urlpatterns = [*library, path("", include((own + setup, "accounts")))]
