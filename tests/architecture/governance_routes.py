"""Rows of the pages of governance."""

from tests.architecture.matrix import ADMIN, CALLERS, PEOPLE, WIDE, Row

GOVERNANCE = [
    Row("governance:exceptions", PEOPLE),
    # Nothing is named that an exception could be about; tests/governance asks about findings of both sides.
    Row("governance:exception_new", PEOPLE, 404, 404),
    Row("governance:exceptions_many", PEOPLE, 400, 400),
    Row(
        "governance:exception", PEOPLE, 200, 302, post_by=frozenset({"ciso", "manager"}), of="exception",
        data={"do": "refuse", "reason": "Fix it instead"},
    ),
    Row("governance:exception_limits", WIDE, 200, 400, post_by=ADMIN),
]  # fmt: skip

GOVERNANCE_API = [
    Row("exception-list", CALLERS, 200, 400),
    Row("exception-detail", CALLERS, of="api_exception"),
    # The session of the world proved its second factor long ago; who signs and who does not is in tests/governance.
    Row("exception-sign", PEOPLE, None, 403, of="api_exception"),
]
