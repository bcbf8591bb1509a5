"""Whether texts may become a version: each is one Cedar policy that fits the schema, and the problem is told with its
place.

Depth is bounded before Cedar reads a text: its parser recurses, and a text nested thousands deep ends the process.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass

import cedarpy

from apps.access.policies.language import PolicyText, Texts, schema, with_id

MAX_POLICIES = 100
MAX_TEXT = 4000
MAX_DEPTH = 25
MAX_SIGNS = 250
_LIMITS = {"title": 120, "reason": 300, "remedy": 300}
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_QUOTED = re.compile(r"`([^`]+)`|'([^']+)'")
_EFFECT = re.compile(r"(?:\s|//[^\n]*)*(permit|forbid)\b")
_SIGNS = re.compile(r"&&|\|\||[.+*!-]")
_UNFINISHED = "unexpected end of input"
_PROBE = {
    "principal": {"type": "User", "id": "probe"},
    "action": {"type": "Action", "id": "data.read"},
    "resource": {"type": "Asset", "id": "probe"},
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, with which policy (empty: the set as a whole), and on which line of its text (0: none)."""

    slug: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f", line {self.line}" if self.line else ""
        return f"{self.slug}{place}: {self.text}" if self.slug else self.text


def problems_of(texts: Texts) -> list[Problem]:
    """Return all that keeps a set from being a version; empty when it may be one."""
    found = []
    if not texts:
        found.append(Problem("", 0, "A set without policies allows nobody anything."))
    if len(texts) > MAX_POLICIES:
        return [Problem("", 0, f"A set has at most {MAX_POLICIES} policies.")]
    for slug, policy in texts.items():
        found += _words(slug, policy) or _language(slug, policy["text"])
    reasons = Counter(policy["reason"].strip().lower() for policy in texts.values())
    for slug, policy in texts.items():
        if policy["reason"].strip() and reasons[policy["reason"].strip().lower()] > 1:
            found.append(Problem(slug, 0, "Another policy has the same reason, so nobody could tell them apart."))
    return found


def effect_of(text: str) -> str:
    """Return `permit` or `forbid` of a text that is valid."""
    found = _EFFECT.match(text)
    return found[1] if found else ""


def _words(slug: str, policy: PolicyText) -> list[Problem]:
    found = []
    if len(slug) > 80 or not _SLUG.fullmatch(slug):
        found.append(Problem(slug, 0, "An id is at most 80 small letters, digits and single hyphens."))
    for name, limit in _LIMITS.items():
        value = str(policy[name])  # type: ignore[literal-required]
        if len(value) > limit:
            found.append(Problem(slug, 0, f"The {name} has more than {limit} characters."))
        if name != "remedy" and not value.strip():
            found.append(Problem(slug, 0, f"The {name} is missing; people are shown it."))
    return found


def _language(slug: str, text: str) -> list[Problem]:
    if len(text) > MAX_TEXT:
        return [Problem(slug, 0, f"The text has more than {MAX_TEXT} characters.")]
    if (line := _unprintable(text)) or (line := _too_deep(text)):
        return [Problem(slug, line, "Control characters, or conditions longer or deeper than anybody can read.")]
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(with_id(slug, text)))
    except ValueError as wrong:
        return [Problem(slug, _line_of_syntax(text, str(wrong)), _sentence(str(wrong)))]
    policies = list(parsed["staticPolicies"].values())
    if parsed["templates"] or len(policies) != 1:
        return [Problem(slug, 0, "Each text is exactly one policy, without slots.")]
    if policies[0].get("annotations") != {"id": slug}:
        return [Problem(slug, 1, "Annotations have fields of their own; leave them out of the text.")]
    return _meaning(slug, text)


def _meaning(slug: str, text: str) -> list[Problem]:
    result = cedarpy.validate_policies(text, schema())
    found = []
    for wrong in result.errors:
        words = re.sub(r"^for policy `policy0`, ", "", wrong.error)
        found.append(Problem(slug, _line_of_words(text, words), _sentence(words)))
    if found:
        return found
    errors = " ".join(cedarpy.is_authorized(_PROBE, text, []).diagnostics.errors)
    if "recursion limit" in errors:
        return [Problem(slug, 0, "The conditions are too long to be evaluated.")]
    return []


def _unprintable(text: str) -> int:
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.replace("\t", "").isprintable():
            return number
    return 0


def _too_deep(text: str) -> int:
    depth = conditions = signs = 0
    for number, line in enumerate(text.split("\n"), 1):
        conditions += len(re.findall(r"\bif\b", line))
        signs += len(_SIGNS.findall(line))
        if signs > MAX_SIGNS:
            return number
        for sign in line:
            depth += (sign in "([{") - (sign in ")]}")
            if depth > MAX_DEPTH or conditions > MAX_DEPTH:
                return number
    return 0


def _line_of_syntax(text: str, words: str) -> int:
    """Return the line of what the words quote, else that at which the text stops being the beginning of a policy."""
    if not words.startswith("unexpected") and (line := _line_of_words(text, words, 0)):
        return line
    lines = text.split("\n")
    for number in range(1, len(lines) + 1):
        try:
            cedarpy.policies_to_json_str("\n".join(lines[:number]))
        except ValueError as wrong:
            if str(wrong) != _UNFINISHED:
                return number
    return len(lines)


def _line_of_words(text: str, words: str, otherwise: int = 1) -> int:
    """Return the line with what the words quote, the most particular first."""
    quoted = [tick or quote for tick, quote in _QUOTED.findall(words)]
    for one in sorted(quoted, key=len, reverse=True):
        # An operator stands alone: `=` is not found in `==`.
        alone = re.escape(one) if re.search(r"\w", one) else rf"(?<![^\w\s]){re.escape(one)}(?![^\w\s])"
        for number, line in enumerate(text.split("\n"), 1):
            if re.search(alone, line):
                return number
    return otherwise


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}".rstrip(".") + "."
