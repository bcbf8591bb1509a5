"""The Microsoft Graph export: users, registration details and role assignments of one day."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from apps.portal.sample.accounts import TENANT, Account
from apps.portal.sample.timeline import Timeline, graph_ticks, graph_time

GRAPH = "https://graph.microsoft.com/v1.0/$metadata"
NEVER = "0001-01-01T00:00:00Z"
WEAK_OR_NO_FACTOR = {"email", "securityQuestion"}
PASSWORDLESS = {
    "fido2SecurityKey", "passKeyDeviceBound", "passKeyDeviceBoundAuthenticator", "windowsHelloForBusiness",
}  # fmt: skip

GLOBAL_ADMIN = "62e90394-69f5-4237-9190-012177145e10"
SECURITY_ADMIN = "194ae4cb-b126-40b2-bd5b-6091b380977d"
SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
APP_ADMIN = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
USER_ADMIN = "fe930be7-5e62-47db-91af-98c3a49a38b1"
HELPDESK_ADMIN = "729827e3-9c14-49f7-bb1b-9608f156bbb8"

#: (team, members taken, role, first day, day the role ends): permanent administrators thin out over the story.
TEAM_ROLES: tuple[tuple[str, int, str, int, int | None], ...] = (
    ("Workplace IT", 4, GLOBAL_ADMIN, -900, 37),
    ("Workplace IT", 2, GLOBAL_ADMIN, -900, None),
    ("Cloud Platform", 2, GLOBAL_ADMIN, -700, 58),
    ("Security Engineering", 3, SECURITY_ADMIN, -500, None),
    ("Security Operations", 6, SECURITY_READER, -400, None),
    ("Internal Audit", 3, GLOBAL_READER, -300, None),
    ("Workplace IT", 7, USER_ADMIN, -300, None),
    ("Contact Centre", 2, HELPDESK_ADMIN, -200, 72),
    ("Serving Platform", 2, APP_ADMIN, -200, None),
    ("Model Engineering", 2, APP_ADMIN, 44, None),
)
#: Service principals and one group that hold roles.
SERVICE_ROLES = (
    ("directory-sync", "Application", GLOBAL_ADMIN, -1200, 65),
    ("identity-backup", "Application", GLOBAL_READER, -500, None),
    ("model-deployer", "Application", APP_ADMIN, -150, None),
    ("claims-copilot", "ManagedIdentity", APP_ADMIN, 30, None),
)
GROUP_ROLE = ("Security on-call", SECURITY_ADMIN, -350)

Record = dict[str, Any]


def _sign_in(account: Account, day: int, timeline: Timeline) -> Record:
    """The `signInActivity` part: year 1 for never, no property at all where Graph has nothing to say."""
    if account.never == "absent":
        return {}
    seen = account.last_seen(day, timeline)
    rng = Random(f"{account.id}:{day}:activity")
    if seen is None:
        return {
            "signInActivity": {
                "lastSignInDateTime": NEVER, "lastSignInRequestId": "",
                "lastNonInteractiveSignInDateTime": NEVER, "lastNonInteractiveSignInRequestId": "",
            }
        }  # fmt: skip
    request = str(uuid5(NAMESPACE_DNS, f"{account.id}:{seen.isoformat()}"))
    quietly = rng.random() < 0.6
    after = seen + timedelta(minutes=rng.randint(1, 50))
    return {
        "signInActivity": {
            "lastSignInDateTime": graph_time(seen), "lastSignInRequestId": request,
            "lastNonInteractiveSignInDateTime": graph_time(after) if quietly else NEVER,
            "lastNonInteractiveSignInRequestId": str(uuid5(NAMESPACE_DNS, request)) if quietly else "",
            "lastSuccessfulSignInDateTime": graph_time(seen), "lastSuccessfulSignInRequestId": request,
        }
    }  # fmt: skip


def _user(account: Account, day: int, timeline: Timeline, by_employee: dict[str, Account]) -> Record:
    person = account.person
    team, _unit, manager_id = person.seat(day) if person else ("", "", "")
    record: Record = {
        "id": account.id,
        "displayName": account.name,
        "userPrincipalName": account.upn,
        "mail": account.mail,
        "accountEnabled": account.enabled(day),
        "userType": "Guest" if account.guest else "Member",
        "createdDateTime": graph_time(timeline.at(account.created, 9 * 60 + 12)),
        "department": team or None,
        "jobTitle": person.title if person else None,
        "employeeId": person.employee_id if person else None,
        **_sign_in(account, day, timeline),
    }
    boss = by_employee.get(manager_id)
    if boss:
        record["manager"] = {
            "@odata.type": "#microsoft.graph.user", "id": boss.id, "displayName": boss.name,
            "userPrincipalName": boss.upn, "mail": boss.mail,
        }  # fmt: skip
    return record


def users(accounts: tuple[Account, ...], day: int, timeline: Timeline) -> Record:
    """`GET /users` with everything selected and the manager expanded, in one page."""
    by_employee = {a.person.employee_id: a for a in accounts if a.person}
    selected = (
        "id,displayName,userPrincipalName,mail,accountEnabled,userType,createdDateTime,department,jobTitle,"
        "employeeId,signInActivity,manager()"
    )
    return {
        "@odata.context": f"{GRAPH}#users({selected})",
        "value": [_user(a, day, timeline, by_employee) for a in accounts if a.exists(day)],
    }


def registration_details(accounts: tuple[Account, ...], day: int, timeline: Timeline, admins: set[str]) -> Record:
    """`userRegistrationDetails`: what each enabled account registered; registered is not enforced."""
    value = []
    for account in accounts:
        if not (account.exists(day) and account.enabled(day)):
            continue
        methods = account.methods(day)
        factor = any(m not in WEAK_OR_NO_FACTOR for m in methods)
        push = "microsoftAuthenticatorPush" in methods
        preferred = "push" if push else "sms" if "mobilePhone" in methods else ""
        value.append({
            "id": account.id,
            "userPrincipalName": account.upn,
            "userDisplayName": account.name,
            "isAdmin": account.id in admins,
            "isSsprRegistered": bool(methods), "isSsprEnabled": not account.guest, "isSsprCapable": bool(methods),
            "isMfaRegistered": factor, "isMfaCapable": factor,
            "isPasswordlessCapable": any(m in PASSWORDLESS for m in methods),
            "lastUpdatedDateTime": graph_ticks(timeline.at(day - 1, 22 * 60 + 15), 6195833 + 17 * day),
            "methodsRegistered": list(methods),
            "isSystemPreferredAuthenticationMethodEnabled": True,
            "systemPreferredAuthenticationMethods": [preferred] if preferred else [],
            "userPreferredMethodForSecondaryAuthentication": preferred,
            "userType": "guest" if account.guest else "member",
        })  # fmt: skip
    return {"@odata.context": f"{GRAPH}#reports/authenticationMethods/userRegistrationDetails", "value": value}


def _assignment(principal: Record, role: str) -> Record:
    tail = principal["id"].replace("-", "")[:22]
    return {
        "id": f"{role.replace('-', '')[:20]}{tail}-1", "principalId": principal["id"], "resourceScope": "/",
        "directoryScopeId": "/", "roleDefinitionId": role, "principal": principal,
    }  # fmt: skip


def _user_principal(account: Account, day: int) -> Record:
    return {
        "@odata.type": "#microsoft.graph.user", "id": account.id, "accountEnabled": account.enabled(day),
        "displayName": account.name, "mail": account.mail, "mailNickname": account.mail.split("@")[0],
        "userPrincipalName": account.upn, "userType": "Guest" if account.guest else "Member",
    }  # fmt: skip


def _service_principal(name: str, kind: str, since: int, timeline: Timeline) -> Record:
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal", "id": str(uuid5(NAMESPACE_DNS, f"sp:{name}.{TENANT}")),
        "appId": str(uuid5(NAMESPACE_DNS, f"app:{name}.{TENANT}")), "accountEnabled": True, "displayName": name,
        "createdDateTime": graph_time(timeline.at(since, 600)), "servicePrincipalType": kind,
    }  # fmt: skip


def role_assignments(accounts: tuple[Account, ...], day: int, timeline: Timeline) -> Record:
    """`roleAssignments` with `$expand=principal`: users, one group and service principals, active ones only."""
    value = []
    for team, count, role, since, until in TEAM_ROLES:
        if not since <= day < (until if until is not None else day + 1):
            continue
        staff = [a for a in accounts if a.person and a.person.team == team and a.person.started < -60]
        staff.sort(key=lambda a: (not a.person.seated, a.person.employee_id) if a.person else (True, ""))
        offset = 2 if role == GLOBAL_ADMIN and count == 4 else 0
        held = [a for a in staff[offset : offset + count] if a.exists(day)]
        value += [_assignment(_user_principal(a, day), role) for a in held]
    for name, kind, role, since, until in SERVICE_ROLES:
        if since <= day < (until if until is not None else day + 1):
            value.append(_assignment(_service_principal(name, kind, since, timeline), role))
    name, role, since = GROUP_ROLE
    group = {
        "@odata.type": "#microsoft.graph.group", "id": str(uuid5(NAMESPACE_DNS, f"group:{name}.{TENANT}")),
        "displayName": name, "isAssignableToRole": True, "securityEnabled": True,
        "createdDateTime": graph_time(timeline.at(since, 600)),
    }  # fmt: skip
    value.append(_assignment(group, role))
    return {"@odata.context": f"{GRAPH}#roleManagement/directory/roleAssignments(principal())", "value": value}


def admins_of(assignments: Record) -> set[str]:
    """Object ids of the users among the role holders."""
    return {row["principalId"] for row in assignments["value"] if row["principal"]["@odata.type"].endswith(".user")}
