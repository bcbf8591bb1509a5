"""Budgets: file ≤ 400 lines, function ≤ 40, template ≤ 120, test file ≤ 300."""

from pathlib import Path

from tests.architecture.code import ROOT, functions, name, product_files


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_are_small() -> None:
    """Past 400 lines a file is split by noun."""
    assert {name(path): _lines(path) for path in product_files() if _lines(path) > 400} == {}


def test_functions_are_small() -> None:
    """Past 40 lines a function does several things."""
    too_long = {
        f"{name(path)}:{node.name}": node.end_lineno - node.lineno + 1  # type: ignore[operator]
        for path in product_files()
        for node in functions(path)
        if node.end_lineno - node.lineno + 1 > 40  # type: ignore[operator]
    }
    assert too_long == {}


def test_templates_are_small() -> None:
    """Past 120 lines a template is composed of fragments."""
    templates = ROOT.glob("templates/**/*.html")
    assert {name(path): _lines(path) for path in templates if _lines(path) > 120} == {}


def test_test_files_are_small() -> None:
    """Past 300 lines a test file is split by noun."""
    assert {name(path): _lines(path) for path in ROOT.glob("tests/**/*.py") if _lines(path) > 300} == {}
