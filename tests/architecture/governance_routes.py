"""Rows of the pages of governance."""

from tests.architecture.matrix import ADMIN, PEOPLE, WIDE, Row

GOVERNANCE = [
    Row("governance:exceptions", PEOPLE),
    # Nothing is named that an exception could be about; tests/governance asks about findings of both sides.
    Row("governance:exception_new", PEOPLE, 404, 404),
    Row(
        "governance:exception", PEOPLE, 200, 302, post_by=frozenset({"ciso", "manager"}), of="exception",
        data={"do": "refuse", "reason": "Fix it instead"},
    ),
    Row("governance:exception_limits", WIDE, 200, 400, post_by=ADMIN),
]  # fmt: skip
