"""Texts that may not become a version are refused with the policy and the line."""

import pytest

from apps.access.policies.validation import MAX_POLICIES, MAX_TEXT, problems_of
from tests.access.policies.asked import policy

GOOD = "permit (principal, action, resource);"


def said(text: str) -> str:
    """Return the first problem of a set of one."""
    found = problems_of({"one": policy(text)})
    return str(found[0]) if found else ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("permit (principal, action, resource)\nwhen {\n  principal.x = 3\n};", "one, line 3: '=' is not a valid"),
        ("permit (principal,\n  action, resource)\nwhen { true", "one, line 3: Unexpected end of input."),
        ("permt (principal, action, resource);", "one, line 1: Invalid policy effect: permt."),
        ("permit (principal, action, resource)\nwhen { true };\n\n}", "one, line 4: "),
        ("permit (principal, action, resource)\nwhen {\n  principal.rolez == 1 };", "one, line 3: Attribute `rolez`"),
        ('permit (principal,\n  action == Action::"data.erase",\n  resource);', "one, line 2: Unrecognized action"),
        ("permit (principal, action, resource)\nwhen { context.minutes > \"long\" };", "one, line "),
        ("forbid (principal, action, resource)\nwhen { principal.factor_minutes > 5 };", "one, line 2: Unable"),
        ('permit (principal is Robot, action, resource);', "one, line 1: Unrecognized entity type `Robot`"),
        ("", "one, line 1: Unexpected end of input."),
        ("// nothing", "one, line 1: Unexpected end of input."),
        (f"{GOOD}\n{GOOD}", "one: Each text is exactly one policy"),
        (f'{GOOD}\n@id("two") {GOOD}', "one: Each text is exactly one policy"),
        ("permit (principal == ?principal, action, resource);", "one: Each text is exactly one policy"),
        (f'@reason("mine") {GOOD}', "one, line 1: Annotations have fields"),
        (f'@id("other") {GOOD}', "one, line 1: Duplicate annotation"),
    ],
)  # fmt: skip
def test_problems_name_policy_and_line(text: str, expected: str) -> None:
    assert said(text).startswith(expected), said(text)


@pytest.mark.parametrize(
    "text",
    [
        "permit (principal, action, resource) when { " + "(" * 1900 + "true" + ")" * 1900 + " };",
        "permit (principal, action, resource) when { " + "[" * 1900 + "]" * 1900 + " == [] };",
        "permit (principal, action, resource) when { " + "if true then " * 200 + "true" + " else true" * 100 + " };",
        "(" * MAX_TEXT,
        "permit (principal, action, resource) when { principal has " + ".".join(["a"] * 1900) + " };",
        "permit (principal, action, resource) when { " + "!" * 3000 + "true };",
        "permit (principal, action, resource);\0",
        "permit (principal, action, resource) // \u202e reversed\n;",
        "x" * (MAX_TEXT + 1),
        "permit (principal, action, resource) when { 99999999999999999999 > context.minutes };",
        'permit (principal, action, resource) when { "abc };',
        "\ud800",
    ],
)
def test_hostile_texts_are_refused_and_the_process_lives(text: str) -> None:
    """Nested thousands deep they would end the process: they never reach Cedar's parser."""
    assert said(text)


def test_long_but_flat_conditions_are_allowed() -> None:
    assert not said("permit (principal, action, resource) when { " + " && ".join(["true"] * 200) + " };")


def test_words_are_needed_and_bounded() -> None:
    texts = {
        "Bad Slug": policy(GOOD, "One"),
        "no-reason": policy(GOOD, " "),
        "long-title": {**policy(GOOD, "Two"), "title": "x" * 121},
        "twice-a": policy(GOOD, "Same reason"),
        "twice-b": policy(GOOD, "same reason "),
    }
    assert [problem.slug for problem in problems_of(texts)] == [
        "Bad Slug",
        "no-reason",
        "long-title",
        "twice-a",
        "twice-b",
    ]
    assert problems_of({}) and problems_of({f"p{n}": policy(GOOD, str(n)) for n in range(MAX_POLICIES + 1)})
    assert problems_of({"fine": policy(GOOD)}) == []
