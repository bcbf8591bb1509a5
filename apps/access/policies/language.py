"""The language of policies: the Cedar schema, a set of policies parsed once, and the default set.

https://docs.cedarpolicy.com/ ; cedarpy names policies `policy0`…, so every text is given its `@id` and mapped back.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TypedDict

import cedarpy

DATA = Path(__file__).parent / "data"
_ANNOTATION = re.compile(r'^@(\w+)\("(.*)"\)$')


class PolicyText(TypedDict):
    """A policy as a version keeps it, under its slug."""

    title: str
    reason: str
    remedy: str
    requestable: bool
    text: str


Texts = Mapping[str, PolicyText]


@dataclass(frozen=True, slots=True)
class ParsedPolicies:
    """A set of policies ready to answer."""

    digest: str
    texts: Texts
    policies: cedarpy.PolicySet


@lru_cache(maxsize=1)
def schema() -> cedarpy.Schema:
    """Return the schema, parsed once."""
    return cedarpy.Schema.from_str((DATA / "schema.cedarschema").read_text(encoding="utf-8"))


def digest_of(texts: Texts) -> str:
    """Return the SHA-256 of a set, whatever the order of its policies."""
    return sha256(json.dumps(texts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def with_id(slug: str, text: str) -> str:
    """Return a policy's text with its id on the first line, so that line n of the text stays line n."""
    return f'@id("{slug}") {text}'


def parse(texts: Texts) -> ParsedPolicies:
    """Parse a set. Raises ValueError where a text is not Cedar."""
    joined = "\n".join(with_id(slug, texts[slug]["text"]) for slug in sorted(texts))
    return ParsedPolicies(digest_of(texts), texts, cedarpy.PolicySet.from_str(joined))


@lru_cache(maxsize=1)
def default_texts() -> dict[str, PolicyText]:
    """Return the set the portal ships with."""
    blocks = (DATA / "default.cedar").read_text(encoding="utf-8").strip().split("\n\n")
    return dict(_block(block) for block in blocks)


def _block(block: str) -> tuple[str, PolicyText]:
    lines = block.splitlines()
    notes = {match[1]: match[2] for line in lines if (match := _ANNOTATION.match(line))}
    text = "\n".join(line for line in lines if not _ANNOTATION.match(line))
    return notes["id"], PolicyText(
        title=notes["title"],
        reason=notes["reason"],
        remedy=notes.get("remedy", ""),
        requestable=notes.get("requestable") == "yes",
        text=text,
    )
