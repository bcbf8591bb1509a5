"""No inline script or style; text from outside is never marked safe; links have targets that exist."""

import re

from tests.architecture.code import ROOT, name, product_files

TEMPLATES = sorted(ROOT.glob("templates/**/*.html"))
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", re.I)
INLINE_STYLE = re.compile(r"<style\b|\sstyle\s*=", re.I)
HANDLER = re.compile(r"\son[a-z]+\s*=|hx-on", re.I)


def _hits(pattern: re.Pattern[str]) -> list[str]:
    return [name(path) for path in TEMPLATES if pattern.search(path.read_text(encoding="utf-8"))]


def test_no_inline_script() -> None:
    """The policy is `script-src 'self'`."""
    assert _hits(INLINE_SCRIPT) == []


def test_no_inline_style() -> None:
    """The policy is `style-src 'self'`."""
    assert _hits(INLINE_STYLE) == []


def test_no_event_handler_attributes() -> None:
    """Behaviour lives in static/js."""
    assert _hits(HANDLER) == []


def test_nothing_is_marked_safe() -> None:
    """`|safe`, `autoescape off` and `mark_safe` would let imported names act."""
    assert _hits(re.compile(r"\|\s*safe\b|autoescape off")) == []
    marked = [name(path) for path in product_files() if re.search(r"\bmark_safe\(", path.read_text(encoding="utf-8"))]
    assert marked == []


def test_no_dead_links() -> None:
    """What does not exist yet has no link."""
    assert _hits(re.compile(r'href="#"|href=""')) == []
