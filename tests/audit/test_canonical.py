"""Entry bytes survive whatever comes from outside."""

import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

import pytest
import rfc8785

from apps.audit import canonical

HOSTILE = [
    "NUL \x00 here",
    "lone \ud800 surrogate",
    "bidi \u202e gpj.exe",
    "\ufeff\u200b\u2028",
    "=HYPERLINK(1)",
    "</script><svg onload=alert(1)>",
    "\U0010ffff",
    10**5000,
    -(2**53),
    2**53,
    float("nan"),
    float("inf"),
    1e400,
    Decimal("NaN"),
    b"\xff\x00",
    {1: "a", "1": "b", None: "c"},
    {"\ud800": "key"},
    {3, 1, 2},
    datetime(2026, 3, 29, 2, 30, tzinfo=UTC),
    datetime(2026, 3, 29),
    date(2026, 3, 29),
    uuid.UUID(int=5),
    object,
    Enum("Colour", {"RED": "red"}).RED,  # type: ignore[misc]
]


def nested(depth: int) -> object:
    """Return a list in a list in a list …"""
    value: object = "core"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_become_plain_json(value: object) -> None:
    """The bytes are valid JSON in canonical form, and encoding them again changes nothing."""
    stored = canonical.encode({"value": value, "list": [value]})
    read = json.loads(stored)
    assert rfc8785.dumps(read) == stored
    assert canonical.encode(read) == stored


def test_nothing_is_lost_where_two_keys_look_alike() -> None:
    """jsonb would keep one of them."""
    assert len(json.loads(canonical.encode({1: "a", "1": "b"}))) == 2


def test_long_deep_and_many_is_cut_with_a_digest_or_count() -> None:
    """An act with a huge value is still recorded."""
    assert "sha256" in canonical.plain("x" * 10_000)
    assert len(canonical.plain("x" * 1_000_000)) < canonical.MAX_TEXT + 200
    assert len(canonical.plain(list(range(10_000)))) == canonical.MAX_ITEMS + 1
    assert len(canonical.plain({str(n): n for n in range(10_000)})) == canonical.MAX_ITEMS + 1
    assert "nested too deeply" in json.dumps(canonical.plain(nested(900)))


def test_a_column_is_what_both_databases_can_hold() -> None:
    """PostgreSQL refuses NUL in text."""
    assert canonical.column("a\x00b", 200) == "a\ufffdb"
    assert len(canonical.column("x" * 500, 200)) == 200
