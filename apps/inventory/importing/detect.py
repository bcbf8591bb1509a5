"""Which format the files are of, and what their source is called."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.core.errors import Invalid
from apps.inventory.formats import FORMATS, Format, InputFile, Recognition
from apps.inventory.records import UnrecognisedInput

AUTO = "auto"


def recognise(name: str, files: Sequence[InputFile], options: Mapping[str, Any]) -> tuple[Format, Recognition]:
    """Return the format of that name, or with `auto` the one that fits best, and what it recognised.

    Raises Invalid for an unknown name, UnrecognisedInput where nothing of the format is found.
    """
    if name != AUTO:
        found = FORMATS.get(name)
        if found is None:
            raise Invalid(f"There is no format {name!r}; there are {', '.join([*FORMATS.names(), AUTO])}.")
        _known(found, options)
        recognition = found.detect(files)
        if recognition.score <= 0:
            _probe(found, files, options)
        return found, recognition
    scored = [(found.detect(files), found) for found in FORMATS]
    best, found = max(scored, key=lambda pair: pair[0].score, default=(Recognition(0), None))
    if found is None or best.score <= 0:
        names = ", ".join(file.name for file in files[:3]) + (" …" if len(files) > 3 else "")
        raise UnrecognisedInput(f"no known format in {names}", f"one of {', '.join(FORMATS.names())}")
    _known(found, options)
    return found, best


def _known(found: Format, options: Mapping[str, Any]) -> None:
    """Refuse an option that the format does not have: ignored, a mapping would empty the column it was meant for."""
    for name in options:
        if name not in found.options:
            fields = f"; there are {', '.join(found.options)}" if found.options else ""
            raise Invalid(f"{found.name} maps no field {name[:60]!r}{fields}.")


def _probe(found: Format, files: Sequence[InputFile], options: Mapping[str, Any]) -> None:
    """Let the importer say why it does not take the files, before anything is written."""
    for _ in found.parse(files, options):
        return
