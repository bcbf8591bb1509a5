"""How old the proof of a session is: that of its strongest factor, whatever weaker thing came later."""

from typing import Any

import pytest

from apps.accounts.web.actors import proven_at

PASSWORD = {"method": "password"}
CODE = {"method": "mfa", "type": "totp"}
PASSKEY = {"method": "mfa", "type": "webauthn"}


@pytest.mark.parametrize(
    ("records", "at"),
    [
        ([], 0),
        ([{**PASSWORD, "at": 5}], 5),
        ([{**PASSWORD, "at": 5}, {**CODE, "at": 6}], 6),
        ([{**CODE, "at": 6}, {**PASSWORD, "at": 90, "reauthenticated": True}], 6),
        ([{**CODE, "at": 6}, {**CODE, "at": 80, "reauthenticated": True}], 80),
        ([{**PASSKEY, "at": 7}, {**CODE, "at": 90}], 7),
    ],
)
def test_a_weaker_proof_makes_no_older_one_fresh(records: list[dict[str, Any]], at: float) -> None:
    assert proven_at(records) == at
