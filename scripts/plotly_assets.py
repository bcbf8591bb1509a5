"""Turns the Plotly npm package into the files a strict Content-Security-Policy can serve.

Plotly writes its global style rules into a style element, which `style-src 'self'` refuses. When the page already has
an element with the id `plotly.js-style-global` and the class `no-inline-styles`, Plotly leaves it alone; so the rules
are taken out of the bundle here and served as a stylesheet.
"""

import re
from pathlib import Path

BUNDLE = "plotly-basic.min.js"
STYLESHEET = "plotly.css"
LICENCE = "plotly.LICENSE.txt"
# The number of rules in plotly.js 4.1.1. Another number means another version: look at its rules before changing this.
EXPECTED_RULES = 66

_STRING = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
_RULE = re.compile(rf"({_STRING}|[A-Za-z_$][\w$]*):({_STRING})")
_TABLE = re.compile(
    rf"\{{((?:(?:{_STRING}|[A-Za-z_$][\w$]*):(?:{_STRING}),?)+)\}};for\([\w$]+ in [\w$]+\)"
    r'[^;]{0,80}?\.replace\(/X/g,"([^"]+)"\)\.replace\(/Y/g,"([^"]+)"\),[\w$]+\.addStyleRule\('
)
_SOURCE_MAP = re.compile(r"^//[#@] sourceMappingURL=.*$", re.MULTILINE)


def write_assets(package: Path, target: Path) -> None:
    """Write bundle, stylesheet and licence from the unpacked npm `package` into `target`.

    Raises ValueError when the bundle does not hold the style rules it is known to hold.
    """
    bundle = (package / BUNDLE).read_text(encoding="utf-8")
    licence = (package / "LICENSE").read_text(encoding="utf-8")
    # A name that leads nowhere would stop the hashed static storage of production.
    (target / BUNDLE).write_text(_SOURCE_MAP.sub("", bundle), encoding="utf-8")
    (target / STYLESHEET).write_text(licence_header(bundle) + stylesheet(bundle), encoding="utf-8")
    (target / LICENCE).write_text(licence, encoding="utf-8")


def licence_header(bundle: str) -> str:
    """Return the leading comment of the bundle, which names its authors and its licence."""
    end = bundle.find("*/")
    if not bundle.startswith("/*") or end < 0:
        raise ValueError("the bundle does not begin with its licence comment")
    return bundle[: end + 2] + "\n"


def stylesheet(bundle: str) -> str:
    """Return the global style rules of the bundle as CSS text; raise ValueError when they are not the expected ones."""
    table = _TABLE.search(bundle)
    if table is None:
        raise ValueError("the table of global style rules was not found in the bundle")
    plot, notifier = table.group(2), table.group(3)
    rules = []
    for name, body in _RULE.findall(table.group(1)):
        selector = unquoted(name).replace("X", plot).replace("Y", notifier)
        rules.append(f"{selector}{{{unquoted(body)}}}\n")
    if len(rules) != EXPECTED_RULES:
        raise ValueError(f"{len(rules)} global style rules found, {EXPECTED_RULES} expected")
    # Plotly inserts each rule before the others, so its last rule comes first in the cascade.
    return "".join(reversed(rules))


def unquoted(literal: str) -> str:
    """Return the text of a quoted or bare name of the bundle, without its quotes and escapes."""
    if literal[0] not in "\"'":
        return literal
    return re.sub(r"\\(.)", r"\1", literal[1:-1])
