"""Who may do what: a row for every route of the URL resolver. `test_routes` walks the resolver and asks every route.

A row says who gets through (`who`), what they get (`get`, `post`: a status, or several that all mean success), and
`of`: the object in the address, whose visibility decides between an answer and 404. `post_by` narrows who may post.
`data` is what is posted: names with `@` stand for ids of the world. None means that the verb is not there: 405.
"""

from tests.architecture.access_routes import ACCESS, ACCESS_API
from tests.architecture.governance_routes import GOVERNANCE, GOVERNANCE_API
from tests.architecture.matrix import (
    ADMIN,
    ADMIN_AUDITOR,
    CALLERS,
    CISO_ADMIN,
    EVERYONE,
    PEOPLE,
    SEES,
    TOKEN,
    WIDE,
    Row,
    Status,
)
from tests.architecture.reviews_routes import REVIEWS, REVIEWS_API

__all__ = ["EVERYONE", "ROWS", "SEES", "Row", "Status"]


def _open() -> list[Row]:
    """Anyone, signed in or not."""
    return [
        Row("livez", EVERYONE),
        Row("readyz", EVERYONE, (200, 503)),
        Row("metrics", EVERYONE, (200, 404)),
        Row("account_login", EVERYONE, (200, 302), (200, 302)),
        Row("account_logout", EVERYONE, (200, 302), 302),
        Row("account_inactive", EVERYONE),
        Row("account_signup", EVERYONE, (200, 302), (200, 302)),
        Row("mfa_authenticate", EVERYONE, 302, 302),
        Row("mfa_login_webauthn", EVERYONE, (200, 302), (200, 302, 400)),
        Row("accounts:link", EVERYONE, 200, 400, of="link"),
        Row("portal:theme", EVERYONE, None, 302),
    ]


def _decision_point() -> list[Row]:
    """Programs that ask for decisions and for access; what they get is tested in tests/access/authzen."""
    names = (
        "evaluation",
        "evaluations",
        "search_subject",
        "search_resource",
        "search_action",
        "requests",
        "introspect",
    )
    task = {"pk": "00000000-0000-0000-0000-000000000007"}
    return [
        Row("authzen:metadata", EVERYONE),
        Row("authzen:jwks", EVERYONE),
        *[Row(f"authzen:{name}", frozenset(), api=True, token_only=True) for name in names],
        *[Row(f"authzen:{name}", frozenset(), api=True, token_only=True, extra=task) for name in ("task", "cancel")],
    ]


def _own_account() -> list[Row]:
    """Every person, about themselves. The library sends who proved nothing lately to prove it first."""
    library = [
        Row("account_reauthenticate", PEOPLE, (200, 302), (200, 302)),
        Row("account_change_password", PEOPLE, (200, 302), (200, 302)),
        Row("account_set_password", PEOPLE, 302, 302),
        Row("mfa_index", PEOPLE),
        Row("mfa_reauthenticate", PEOPLE, (200, 302), (200, 302)),
        Row("mfa_activate_totp", PEOPLE, (200, 302), (200, 302)),
        Row("mfa_deactivate_totp", PEOPLE, (302, 404), (302, 404)),
        Row("mfa_view_recovery_codes", PEOPLE, (200, 302, 404)),
        Row("mfa_generate_recovery_codes", PEOPLE, (200, 302, 404), (200, 302, 404)),
        Row("mfa_download_recovery_codes", PEOPLE, (200, 302, 404), (302, 404, 405)),
        Row("mfa_list_webauthn", PEOPLE),
        Row("mfa_add_webauthn", PEOPLE, (200, 302), (200, 302)),
        Row("mfa_reauthenticate_webauthn", PEOPLE, (200, 302), (200, 302)),
        Row("mfa_remove_webauthn", PEOPLE, (302, 404), (302, 404), of="passkey", absent=302),
        Row("mfa_edit_webauthn", PEOPLE, (302, 404), (302, 404), of="passkey", absent=302),
    ]
    own = [
        Row("accounts:profile", PEOPLE),
        Row("accounts:shortcuts", PEOPLE, None, 302),
        Row("accounts:security", PEOPLE),
        Row("accounts:sessions", PEOPLE, 200, 302),
        Row("accounts:tokens", PEOPLE, 200, 200, data=TOKEN),
        Row("accounts:token_revoke", PEOPLE, None, 302, post_by=ADMIN, of="token"),
        Row("notices:notices", PEOPLE),
        Row("notices:read", PEOPLE, None, 302, of="notice"),
        Row("notices:read_all", PEOPLE, None, 302),
        Row("notices:choices", PEOPLE, 200, 302),
        Row("portal:landing", PEOPLE, 302),
        Row("portal:search", PEOPLE, (200, 302)),
        Row("insights:metrics_help", PEOPLE),
    ]
    return library + own


def _visible() -> list[Row]:
    """Every person, each about what they may see."""
    return [
        Row("inventory:assets", PEOPLE),
        Row("inventory:asset", PEOPLE, of="asset"),
        *[
            Row("inventory:asset_tab", PEOPLE, of="asset", extra={"tab": tab})
            for tab in ("checks", "access", "lineage", "history")
        ],
        Row("inventory:identities", PEOPLE),
        Row("inventory:identity", PEOPLE, of="identity"),
        Row("inventory:people", PEOPLE),
        Row("inventory:person", PEOPLE, of="person"),
        Row("audit:event_list", PEOPLE),
        Row("audit:event_export", PEOPLE, extra={"export": "csv"}),
        Row("audit:event_export", PEOPLE, extra={"export": "json"}),
        Row("audit:event_detail", PEOPLE, of="event"),
        Row(
            "audit:event_erase",
            PEOPLE,
            200,
            302,
            of="event",
            get_by=ADMIN,
            post_by=ADMIN,
            data={"reason": "Request 12"},
        ),
        Row("posture:findings", PEOPLE),
        Row("posture:finding", PEOPLE, of="finding"),
        Row("posture:finding_recheck", PEOPLE, None, 302, of="finding", post_by=PEOPLE - {"auditor"}),
        Row("posture:finding_fixed", PEOPLE, None, 302, of="finding", post_by=WORKS, data={"note": "Signed."}),
        Row("posture:finding_assign", PEOPLE, None, 302, of="finding", post_by=WORKS, data={"owner": ""}),
        Row(
            "posture:finding_due",
            PEOPLE,
            None,
            302,
            of="finding",
            post_by=WORKS,
            data={"due_on": "2026-11-30", "note": "x"},
        ),
        Row("posture:findings_bulk", PEOPLE, 400, 400),
        Row("posture:results", PEOPLE),
    ]


#: Who works on a finding that they see: admins, its owner, the manager of its team. The outsider owns theirs.
WORKS = frozenset({"security_admin", "manager", "owner", "outsider"})


def _oversight() -> list[Row]:
    """CISO, security administrators and auditors."""
    return [
        Row("insights:posture", WIDE),
        Row("posture:pillar", WIDE, of="pillar"),
        Row("posture:runs", WIDE),
        Row("posture:run", WIDE, of="run"),
        Row("posture:run_start", ADMIN, None, 302),
        Row("posture:run_cancel", ADMIN, None, 403, of="run"),
        Row("posture:checks", WIDE),
        Row("posture:check", WIDE, 200, (200, 400), post_by=ADMIN, of="check"),
        Row(
            "posture:settings", WIDE, 200, (302, 400), post_by=ADMIN, data={"part": "schedule", "interval_hours": "12"}
        ),
        Row("audit:package", WIDE, (200, 409)),
        Row("inventory:sources", WIDE),
        Row("inventory:source", WIDE, of="source"),
        Row("inventory:import", WIDE, of="import"),
        Row("notices:setup", ADMIN_AUDITOR, 200, 400, post_by=ADMIN),
        Row("integrity:keys", WIDE, 200, 400, post_by=ADMIN, data={"name": "x", "text": "no key"}),
        Row("access:policies", WIDE),
        Row("access:policy_version", WIDE, extra={"number": "1"}),
        Row("access:policy_change", WIDE, 200, 302, post_by=ADMIN, of="policy_change", data={"decision": "refuse"}),
        Row("access:routes", WIDE),
        Row("access:route_version", WIDE, extra={"number": "1"}),
        Row("access:route_change", WIDE, 200, 302, post_by=ADMIN, of="route_change", data={"decision": "refuse"}),
        Row("accounts:people", WIDE),
        Row("accounts:people_export", WIDE, extra={"export": "csv"}),
        Row("accounts:people_export", WIDE, extra={"export": "json"}),
        Row("accounts:person", WIDE, of="user"),
        Row("accounts:proposals", WIDE),
        Row("accounts:teams", WIDE, 200, 302, post_by=ADMIN, data={"name": "Another team"}),
        Row("accounts:services", WIDE, 200, 302, post_by=ADMIN, data={"name": "Another", "slug": "another"}),
    ]


def _administration() -> list[Row]:
    """Security administrators; the CISO sets tiers."""
    return [
        Row("inventory:asset_edit", CISO_ADMIN, 200, 302, of="asset", data={"tier": "1"}),
        Row("inventory:owners", ADMIN, 200, 400),
        Row("inventory:person_merge", ADMIN, 200, 400, of="person"),
        Row("inventory:person_split", ADMIN, 200, 400, of="person"),
        Row("inventory:person_link", ADMIN, 200, 400, of="person"),
        Row("inventory:person_unlink", ADMIN, None, 302, of="person"),
        Row("inventory:upload", ADMIN, 200, 400),
        Row("inventory:import_apply", ADMIN, None, 409, of="import"),
        Row("inventory:import_discard", ADMIN, None, 409, of="import"),
        Row("notices:channel_switch", ADMIN, None, 302, of="channel"),
        Row("notices:channel_try", ADMIN, None, 302, of="channel"),
        Row("notices:channel_remove", ADMIN, None, 302, of="channel"),
        Row("notices:replay", ADMIN, None, 302, of="dead"),
        Row("integrity:key_retire", ADMIN, None, 302, of="key"),
        Row("accounts:person_new", ADMIN, 200, 400),
        Row("accounts:person_invite", ADMIN, None, 403, of="user"),
        Row("accounts:person_deactivate", ADMIN, None, 302, of="user"),
        Row("accounts:person_reactivate", ADMIN, None, 409, of="user"),
        Row("accounts:person_sessions", ADMIN, None, 302, of="user"),
        Row("accounts:person_tokens", ADMIN_AUDITOR, 200, 200, post_by=ADMIN, of="service", data=TOKEN),
        Row("accounts:role_propose", ADMIN, None, (302, 400), of="user", data={"role": "auditor"}),
        Row("accounts:role_remove", ADMIN, None, 302, of="user", data={"role": "engineer"}),
        Row("accounts:proposal", ADMIN, None, 302, of="proposal", data={"decision": "withdraw"}),
        Row("accounts:team_member", ADMIN, None, 302, of="team", data={"user": "@user"}),
        Row("connectors:connections", ADMIN_AUDITOR),
        Row("connectors:connection", ADMIN_AUDITOR, of="connection"),
        Row("connectors:connection_choose", ADMIN),
        Row("connectors:connection_new", ADMIN, 200, 400, of="connection_driver"),
        Row("connectors:connection_change", ADMIN, 200, 400, of="connection"),
        Row("connectors:connection_secret", ADMIN, 200, 400, of="connection"),
        Row("connectors:connection_test", ADMIN, None, 403, of="connection"),
        Row("connectors:connection_switch", ADMIN, None, 302, of="connection", data={"to": "off"}),
        Row("connectors:connection_delete", ADMIN, None, 302, of="connection"),
        # Another change waits, which the page says and the form is told.
        Row("access:policies_edit", ADMIN, 200, 403),
        Row("access:routes_edit", ADMIN, 200, 403),
        Row("portal:setup", ADMIN),
        Row("portal:sample", ADMIN, None, 302),
    ]


def _api() -> list[Row]:
    """Holders of a token with the scope, and sessions. The service account's token reads, but for the audit log."""
    rows = [
        Row("api-schema", PEOPLE),
        Row("asset-list", CALLERS),
        Row("asset-detail", CALLERS, of="api_asset"),
        Row("identity-list", CALLERS),
        Row("identity-detail", CALLERS, of="api_identity"),
        Row("source-list", CALLERS),
        Row("source-detail", CALLERS, of="api_source"),
        Row("check-list", CALLERS),
        Row("check-detail", CALLERS, of="api_check"),
        Row("run-list", CALLERS),
        Row("run-detail", CALLERS, of="api_run"),
        Row("result-list", CALLERS),
        Row("result-detail", CALLERS, of="api_result"),
        Row("finding-list", CALLERS),
        Row("finding-detail", CALLERS, of="api_finding"),
        Row("api-metrics", WIDE),
        Row("audit-event-list", PEOPLE),
        Row("audit-event-detail", PEOPLE, of="api_event"),
    ]
    return [Row(**{**row.__dict__, "api": True}) for row in [*rows, *ACCESS_API, *GOVERNANCE_API, *REVIEWS_API]]


ROWS = [
    *_open(), *_decision_point(), *_own_account(), *_visible(), *_oversight(), *ACCESS, *GOVERNANCE, *REVIEWS,
    *_administration(), *_api(),
]  # fmt: skip
