"""IAM's wildcards: `*` is any text, `?` one character, nothing else is special (IAM User Guide, "Resource").

`fnmatch` is no help here: it also reads brackets, and it cannot compare two patterns.
"""

from functools import lru_cache

WILD = frozenset("*?")


@lru_cache(maxsize=32_768)
def covers(outer: str, inner: str) -> bool:
    """Return whether everything that `inner` matches, `outer` matches too; `inner` may be plain text.

    True is proven; of two patterns with `?` next to `*` a false may be too careful. Linear but for backtracking to
    the last `*`.
    """
    at = place = 0
    star, resume = -1, 0
    while place < len(inner):
        sign = outer[at] if at < len(outer) else ""
        if sign == "*":
            star, resume, at = at, place, at + 1
        elif sign and (sign == inner[place] or (sign == "?" and inner[place] != "*")):
            at, place = at + 1, place + 1
        elif star >= 0:
            resume += 1
            at, place = star + 1, resume
        else:
            return False
    return not outer[at:].strip("*")


@lru_cache(maxsize=32_768)
def overlaps(one: str, other: str) -> bool:
    """Return whether some text is matched by both patterns. Exact; quadratic where both hold wildcards."""
    if not WILD & set(one):
        return covers(other, one)
    if not WILD & set(other):
        return covers(one, other)
    if not (_starts_alike(one, other) and _starts_alike(one[::-1], other[::-1])):
        return False
    row = [True] + [False] * len(other)
    for number, sign in enumerate(other, 1):
        row[number] = row[number - 1] and sign == "*"
    for left in one:
        before, row = row, [row[0] and left == "*"]
        for number, right in enumerate(other, 1):
            row.append(_step(left, right, before[number - 1], before[number], row[number - 1]))
    return row[-1]


@lru_cache(maxsize=32_768)
def scope_covers(outer: str, inner: str) -> bool:
    """Return `covers` of two resources: within an ARN a wildcard ends at a colon, but for the last part."""
    pairs = _parts(outer, inner)
    return all(covers(*pair) for pair in pairs) if pairs else covers(outer, inner)


@lru_cache(maxsize=32_768)
def scopes_overlap(one: str, other: str) -> bool:
    """Return `overlaps` of two resources: within an ARN a wildcard ends at a colon, but for the last part."""
    pairs = _parts(one, other)
    return all(overlaps(*pair) for pair in pairs) if pairs else overlaps(one, other)


def _parts(one: str, other: str) -> list[tuple[str, str]]:
    """Return the parts of two whole ARNs beside each other; none where one is shorter, such as `arn:aws:s3*`."""
    left, right = one.split(":", 5), other.split(":", 5)
    return list(zip(left, right, strict=True)) if len(left) == len(right) == 6 else []


def _step(left: str, right: str, both: bool, above: bool, beside: bool) -> bool:
    """Return whether the patterns up to here share a text: `both` one sign back, `above` and `beside` one of them."""
    if left == "*" or right == "*":
        return above or beside
    return both and (left == right or left == "?" or right == "?")


def _starts_alike(one: str, other: str) -> bool:
    """Return whether the texts before the first wildcards do not contradict each other."""
    for left, right in zip(one, other, strict=False):
        if left in WILD or right in WILD:
            return True
        if left != right:
            return False
    return True
