"""Rows of the pages and of the API of access."""

from tests.architecture.matrix import (
    ADMIN,
    CALLERS,
    CISO_ADMIN,
    HOLDERS,
    PEOPLE,
    WIDE,
    Row,
)


def _rows() -> list[Row]:
    """Everybody asks; whoever is asked decides. Who decides is eligible by standing roles, which nobody is here."""
    return [
        Row("access:mine", PEOPLE),
        Row("access:new", PEOPLE, 200, 400),
        Row("access:request", PEOPLE, 200, 302, post_by=HOLDERS, of="request", data={"do": "remind"}),
        Row("access:grant", PEOPLE, 200, 302, post_by=HOLDERS, of="grant", data={"do": "release"}),
        # The portal's own grants have no password; nobody but the holder gets as far as being told that.
        Row("access:grant_password", PEOPLE, 200, 409, post_by=HOLDERS, of="grant"),
        Row("access:approvals", PEOPLE),
        Row("access:approval", PEOPLE, (200, 302), 403, of="request", data={"do": "ask", "text": "Which version?"}),
        Row("access:delegations", PEOPLE, 200, 400),
        Row("access:tasks", PEOPLE),
        Row(
            "access:task", PEOPLE, None, 302, post_by=frozenset({"security_admin", "manager"}), of="manual_task",
            data={"proof": "Seen in the console"},
        ),
        Row("access:after_reviews", PEOPLE),
        Row(
            "access:after_review", PEOPLE, 200, 302, post_by=CISO_ADMIN, of="after_review",
            data={"justified": "yes", "verdict": "There was an outage"},
        ),
        Row("access:emergency", PEOPLE, 403, 403),
        Row("access:permits", WIDE, 200, 400, post_by=ADMIN),
        Row("access:permit", WIDE, None, 302, post_by=CISO_ADMIN, of="permit", data={"do": "end"}),
        Row("access:bindings", WIDE),
        Row("access:binding_new", ADMIN, 200, 404),
        Row("access:binding", WIDE, 200, 400, post_by=ADMIN, of="binding"),
        Row("access:binding_switch", ADMIN, None, 302, of="binding", data={"to": "off"}),
        # Looked for again, it is not there any more.
        Row("access:orphan_remove", ADMIN, None, 409, of="orphan"),
    ]  # fmt: skip


def _api_rows() -> list[Row]:
    """Its parties follow a request up, the holder uses a grant; nobody here is eligible to decide."""
    shown = {"digest": "0" * 64, "reason": "Same as last month"}
    requests = {
        "withdraw": (200, HOLDERS, {}),
        "remind": (200, HOLDERS, {}),
        "answer": (409, None, {"text": "No question is open."}),
        "approve": (403, None, shown),
        "refuse": (403, None, shown),
        "ask": (403, None, {"text": "Which version?"}),
        "offer": (403, None, {**shown, "operation": "weights.read", "minutes": "30"}),
        "undo": (403, None, {}),
    }
    grants = {
        "extend": (201, HOLDERS, {"minutes": "30", "reason": "Not done"}),
        "release": (200, HOLDERS, {}),
        "revoke": (200, HOLDERS | CISO_ADMIN, {"reason": "Left the project"}),
        "token": (201, HOLDERS, {}),
    }
    return [
        Row("access-request-list", CALLERS, 200, 400),
        Row("access-request-dry-run", CALLERS, None, 400),
        Row("access-request-detail", CALLERS, of="api_request"),
        Row("access-request-card", CALLERS, get_by=CALLERS - HOLDERS, of="api_request"),
        Row("access-grant-list", CALLERS),
        Row("access-grant-detail", CALLERS, of="api_grant"),
        Row("asset-operations", CALLERS, get_by=PEOPLE, of="asset_operations"),
        Row("policies", WIDE),
        Row("policy-version-list", CALLERS),
        Row("policy-version-detail", WIDE, extra={"pk": "1"}, refused=404),
        Row("access-target-list", CALLERS),
        Row("access-target-detail", WIDE, of="binding", refused=404),
        Row("access-orphan-list", CALLERS),
        Row("access-orphan-detail", WIDE, of="orphan", refused=404),
        *[
            Row(f"access-{kind}-{name}", CALLERS, None, post, post_by=by, of=f"api_{kind}", data=data)
            for kind, actions in (("request", requests), ("grant", grants))
            for name, (post, by, data) in actions.items()
        ],
    ]


ACCESS = _rows()
ACCESS_API = _api_rows()
