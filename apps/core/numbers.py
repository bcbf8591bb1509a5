"""Numbers as the pages, captions, mails and the API print them: rounded once, always with their denominator."""

from collections.abc import Sequence

MINUS = "\u2212"


def grouped(number: int | float) -> str:
    """4954 → `4,954`; a float keeps one decimal; a negative number gets a true minus."""
    text = f"{abs(number):,}" if isinstance(number, int) else f"{abs(number):,.1f}"
    return f"{MINUS}{text}" if number < 0 else text


def signed(number: int | float) -> str:
    """4 → `+4`, -3 → `−3`, 0 → `0`."""
    return f"+{grouped(number)}" if number > 0 else grouped(number)


def percent(part: int, whole: int) -> int | None:
    """Whole per cent, rounded half up once; None where nothing is applicable; never 100 while something is missing."""
    if whole <= 0:
        return None
    value = (200 * part + whole) // (2 * whole)
    return 99 if value >= 100 and part < whole else value


def percent_text(part: int, whole: int) -> str:
    """`73 %`, `under 1 %` for a share that would round to nothing, `–` where nothing is applicable."""
    value = percent(part, whole)
    if value is None:
        return "–"
    return "under 1 %" if part > 0 and value == 0 else f"{value} %"


def unbroken(text: str) -> str:
    """The text with no line end between a number and its per cent sign, for pages."""
    return text.replace(" %", "\u00a0%")


def ratio_text(part: int, whole: int, *, share: bool = True) -> str:
    """`24 of 31 (77 %)`; `none applicable` where the denominator is 0."""
    if whole <= 0:
        return "none applicable"
    text = f"{grouped(part)} of {grouped(whole)}"
    return f"{text} ({percent_text(part, whole)})" if share else text


def parts(counts: Sequence[int]) -> list[int]:
    """Whole percentages of the counts that add up to exactly 100 (largest remainder); all 0 for nothing."""
    total = sum(counts)
    if total == 0:
        return [0 for _ in counts]
    floors = [100 * count // total for count in counts]
    order = sorted(range(len(counts)), key=lambda i: (-(100 * counts[i] % total), i))
    for index in order[: 100 - sum(floors)]:
        floors[index] += 1
    return floors


def counted(number: int, nouns: str) -> str:
    """A number with its noun, given in the plural: `214 assets`, `1 asset`, `1 person`, `0 events`."""
    regular = f"{nouns[:-3]}y" if nouns.endswith("ies") else nouns[:-1] if nouns.endswith("s") else nouns
    one = {"people": "person"}.get(nouns, regular)
    return f"{grouped(number)} {one if number == 1 else nouns}"


def plural(number: int, one: str, many: str = "") -> str:
    """`1 asset`, `214 assets`; the irregular plural is given."""
    return f"{grouped(number)} {one if number == 1 else many or one + 's'}"
