"""The one sentence of the overview, from the same numbers as everything below it. No language model writes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.core.numbers import percent, percent_text, plural
from apps.posture.queries.headline import Tally

#: The pillars that are named cover at least this share of the gap.
NAMED_SHARE = 60


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the sentence: plain, strong, or a link."""

    text: str
    strong: bool = False
    url: str = ""


def gap(tally: Tally) -> int:
    """Return how many applicable results are not proven met."""
    return tally.applicable - tally.met


def sentence(
    now: Tally,
    before: Tally | None,
    *,
    span: str,
    target: int,
    pillars: Mapping[str, Tally],
    names: Mapping[str, str],
    urls: Mapping[str, str],
) -> list[Piece]:
    """Return share proven, change, distance to the target, and the pillars that hold most of the gap."""
    if now.empty or now.applicable == 0:
        return [Piece("Nothing evaluated yet.", strong=True)]
    pieces = [Piece(f"{percent_text(now.met, now.applicable)} of applicable checks are proven met", strong=True)]
    pieces.append(Piece(f"{_change(now, before, span)}{_distance(now, target)}."))
    return pieces + _where(pillars, names, urls)


def _change(now: Tally, before: Tally | None, span: str) -> str:
    if before is None or before.applicable == 0:
        return f", with no figure from {span} ago to compare"
    points = (percent(now.met, now.applicable) or 0) - (percent(before.met, before.applicable) or 0)
    if points == 0:
        return f", as many as {span} ago"
    return f", {'up' if points > 0 else 'down'} {plural(abs(points), 'point')} in {span}"


def _distance(now: Tally, target: int) -> str:
    missing = target - (percent(now.met, now.applicable) or 0)
    if missing > 0:
        return f" and {missing} short of the {target} % target"
    return f" and at the {target} % target" if missing == 0 else f" and {-missing} above the {target} % target"


def _where(pillars: Mapping[str, Tally], names: Mapping[str, str], urls: Mapping[str, str]) -> list[Piece]:
    total = sum(gap(tally) for tally in pillars.values())
    if total == 0:
        return []
    chosen: list[str] = []
    covered = 0
    for key in sorted(pillars, key=lambda pillar: -gap(pillars[pillar])):
        if 100 * covered >= NAMED_SHARE * total:
            break
        chosen.append(key)
        covered += gap(pillars[key])
    if len(chosen) == len(pillars) and len(chosen) > 1:
        return [Piece(" The gap is spread over all pillars.")]
    return [Piece(f" {percent_text(covered, total)} of the gap is in "), *_listed(chosen, names, urls), Piece(".")]


def _listed(keys: Sequence[str], names: Mapping[str, str], urls: Mapping[str, str]) -> list[Piece]:
    pieces: list[Piece] = []
    for index, key in enumerate(keys):
        if index:
            pieces.append(Piece(" and " if index == len(keys) - 1 else ", "))
        pieces.append(Piece(names[key], url=urls[key]))
    return pieces


def as_text(pieces: Sequence[Piece]) -> str:
    """Return the sentence as plain text, for mails and the API."""
    return "".join(piece.text for piece in pieces)
