"""Rows of the pages of access."""

from tests.architecture.matrix import (
    ADMIN,
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


ACCESS = _rows()
