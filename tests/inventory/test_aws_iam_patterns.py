"""IAM's wildcards against an oracle: every text of a small alphabet is tried."""

import fnmatch
import itertools
import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.inventory.importers.aws_iam.patterns import covers, overlaps, scope_covers, scopes_overlap

PATTERNS = st.text("ab*?", max_size=6)
TEXTS = ["".join(chosen) for size in range(7) for chosen in itertools.product("ab", repeat=size)]


def regular(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(sign, re.escape(sign)) for sign in pattern), re.DOTALL)


def matched(pattern: str) -> set[str]:
    """Return every text of the alphabet up to six characters that the pattern matches."""
    return {text for text in TEXTS if regular(pattern).fullmatch(text)}


@given(PATTERNS, st.text("ab", max_size=8))
def test_a_text_is_matched_as_by_fnmatch(pattern: str, text: str) -> None:
    assert covers(pattern, text) == fnmatch.fnmatchcase(text, pattern)


@given(st.text("a[]!-.*?\\^$(", max_size=8), st.text("a[]!-.\\^$(\n", max_size=8))
def test_nothing_but_the_two_wildcards_is_special(pattern: str, text: str) -> None:
    """Where fnmatch would read brackets, and a regular expression everything else."""
    assert covers(pattern, text) == bool(regular(pattern).fullmatch(text))


@settings(max_examples=300)
@given(PATTERNS, PATTERNS)
def test_what_covers_matches_everything_the_other_does(outer: str, inner: str) -> None:
    if covers(outer, inner):
        assert matched(inner) <= matched(outer)


@settings(max_examples=400)
@given(st.text("ab*?", max_size=3), st.text("ab*?", max_size=3))
def test_two_patterns_overlap_where_one_text_is_in_both(one: str, other: str) -> None:
    """Of two patterns of at most three signs, a text of six that both match exists if any does."""
    assert overlaps(one, other) == overlaps(other, one) == bool(matched(one) & matched(other))


@given(PATTERNS)
def test_a_pattern_covers_and_overlaps_itself(pattern: str) -> None:
    assert covers(pattern, pattern) and overlaps(pattern, pattern) and covers("*", pattern)


def test_in_an_arn_a_wildcard_ends_at_a_colon() -> None:
    endpoint, notebook = "arn:aws:sagemaker:eu:1:endpoint/a", "arn:aws:sagemaker:*:1:notebook-instance/*"
    assert scope_covers("arn:aws:sagemaker:*:*:endpoint/*", endpoint) and scopes_overlap("*", notebook)
    assert scope_covers("arn:aws:sagemaker:*", endpoint) and scope_covers("arn:*:sagemaker:*:*:*", endpoint)
    assert not scopes_overlap(notebook, "arn:*:sagemaker:*:*:endpoint/*") and overlaps(
        notebook, "arn:*:sagemaker:*:*:endpoint/*"
    )


def test_long_patterns_of_stars_end_soon() -> None:
    started = time.monotonic()
    assert not covers("*a" * 1000 + "b", "a" * 2048)
    assert not overlaps("*a?" * 100 + "b*c?", "a*" * 100 + "*d?")
    assert time.monotonic() - started < 2
