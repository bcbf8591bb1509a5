"""What importers produce: neutral records, one per observed row, plus rejections.

A record names the columns of its fact model (`apps.inventory.models.facts`) in `facts`; absent columns keep their
default, which is unknown. `raw` is the record as it came, secrets removed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IDENTITY = "identity"
FACTOR = "factor"
CREDENTIAL = "credential"
ENTITLEMENT = "entitlement"
PERSON = "person"
ASSET = "asset"
LINK = "link"
OWNER_CLAIM = "owner_claim"
ARTIFACT = "artifact"
SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Record:
    """One observed row: its kind, its key at the source, its facts, and where it stood (`file`, `where`)."""

    kind: str
    key: str
    facts: Mapping[str, Any]
    raw: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record, or a whole file, that cannot be taken: the place and the remedy in plain words.

    `kind` and `key`, where they are known, keep the row that an earlier import brought: what is rejected is not gone.
    """

    file: str
    where: str
    reason: str
    kind: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Covered:
    """Says that a record kind of the export was read, and whether all its pages were there.

    What a complete kind no longer contains is gone. `unknown_columns` names columns that this part of the export
    cannot know at all; an import leaves those columns of existing rows alone. Without `listed` this part only adds
    facts to some records of the kind and lists none of them, so that few records are no sign of a truncated export.
    `told_apart` are groups of columns that an export may tell for some records only: a record whose first column of
    the group is empty does not tell the group, and what is known of it stays. `not_evaluated` are things the importer
    does not judge, each with the number of records it concerns; the result of the import tells them.
    """

    record_kind: str
    complete: bool = True
    unknown_columns: tuple[str, ...] = ()
    listed: bool = True
    told_apart: tuple[tuple[str, ...], ...] = ()
    not_evaluated: tuple[tuple[str, int], ...] = ()


Item = Record | Rejected | Covered


class UnrecognisedInput(Exception):
    """The input is refused whole. `recognised` says what it looks like, `expected` what this format needs."""

    def __init__(self, recognised: str, expected: str) -> None:
        super().__init__(f"recognised {recognised}; expected {expected}")
        self.recognised = recognised
        self.expected = expected
