"""The registry of formats: an importer is one module that registers one Format."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.core.registry import Registry
from apps.inventory.records import Item


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of an import: its path on disk, the name people know, its size in bytes."""

    path: Path
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Recognition:
    """What detection found: how sure (0 to 100), and the source name the content suggests."""

    score: int
    source_name: str = ""
    describes: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """A vendor format.

    `detect(files)` looks at the beginning of the files only. `parse(files, options)` yields records, rejections and
    coverage as a stream; it raises UnrecognisedInput when nothing in the input is of this format.
    `main_kinds` are the record kinds that created/updated/unchanged/gone count. With `as_bytes` the digests of the
    files matter: an uploaded archive is opened, but nothing in it is unpacked further or re-coded.
    """

    name: str
    title: str
    main_kinds: tuple[str, ...]
    detect: Callable[[Sequence[InputFile]], Recognition]
    parse: Callable[[Sequence[InputFile], Mapping[str, Any]], Iterator[Item]]
    brings_ai_entitlements: bool = False
    describes: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    as_bytes: bool = False


FORMATS: Registry[Format] = Registry("import format")


@dataclass(frozen=True, slots=True)
class RowKind:
    """How rows of a record kind are staged and applied: the fact model, its staged twin and the applied model.

    `facts` are the columns both share (`fact_columns` lists them). `parent` is (foreign key, key column, parent kind)
    for rows that cannot stand without a row of the same source. `derive` gives columns that are computed from the
    facts while staging.
    """

    kind: str
    staged: type[Any]
    applied: type[Any]
    facts: tuple[str, ...]
    title: str = ""
    parent: tuple[str, str, str] | None = None
    derive: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None


def fact_columns(fact_model: type[Any], base: type[Any]) -> tuple[str, ...]:
    """Return the columns a fact model has beyond its base (key, digest, raw)."""
    common = {field.name for field in base._meta.local_fields}
    return tuple(field.name for field in fact_model._meta.local_fields if field.name not in common)


#: Filled by inventory for its own kinds and by integrity for artifacts and signatures.
ROW_KINDS: Registry[RowKind] = Registry("row kind")
#: Set-based steps after rows were applied: each takes the import and `now` (resolving assets, people, links …).
RESOLVERS: Registry[Callable[[Any, Any], None]] = Registry("resolver")
