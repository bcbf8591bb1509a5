"""Making foreign text harmless where it is shown, drawn or exported.

Names, reasons and log excerpts come from outside. A right-to-left override in a model name can make `gpj.exe` read as
`exe.jpg` (Unicode TR 36, CVE-2021-42574), and a spreadsheet runs a cell that starts with `=` (OWASP, CSV injection).
"""

import unicodedata

KEPT_CONTROLS = frozenset("\n\t")
# Invisible though not all of category Cf: soft hyphen, Hangul and Mongolian fillers, line separators.
INVISIBLE = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u2028\u2029\u3164\uffa0")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def _visible(character: str) -> str:
    if character in KEPT_CONTROLS:
        return character
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if category in ("Cc", "Cf") or character in INVISIBLE:
        return f"⟨U+{ord(character):04X}⟩"
    return character


def display(text: object) -> str:
    """Any value as text whose every character can be seen: control, bidi and zero-width characters become `⟨U+202E⟩`.

    New lines and tabs stay; a lone surrogate becomes U+FFFD. The result is not markup: escape it as usual.
    """
    return "".join(map(_visible, str(text)))


def storable(text: str) -> str:
    """Text as every database keeps it: NUL becomes `⟨U+0000⟩` and a lone surrogate U+FFFD; all else stays."""
    return "".join("\ufffd" if unicodedata.category(c) == "Cs" else c for c in text.replace("\x00", "⟨U+0000⟩"))


def chart(text: object) -> str:
    """Text for a chart label: as `display`, without `<`, `>` and line breaks (the drawing library reads markup)."""
    return " ".join(display(text).replace("<", "‹").replace(">", "›").split())


def csv_cell(value: object) -> str:
    """A value as a spreadsheet cell that is never a formula.

    It is prefixed with `'` if it starts, also after white space, with = + - @ tab or carriage return. None is the empty
    cell; numbers (int, float) pass as they are, so that a negative number stays one.
    """
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    risky = text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS)
    return f"'{text}" if risky else text
