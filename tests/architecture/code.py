"""The project's own files, as the architecture tests read them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = (
    "core",
    "audit",
    "accounts",
    "notices",
    "connectors",
    "inventory",
    "integrity",
    "governance",
    "posture",
    "access",
    "reviews",
    "detection",
    "insights",
    "portal",
)


@cache
def product_files() -> tuple[Path, ...]:
    """Return the Python files of the product, without migrations."""
    found = [*ROOT.glob("apps/**/*.py"), *ROOT.glob("ztportal/**/*.py"), ROOT / "manage.py"]
    return tuple(sorted(path for path in found if "migrations" not in path.parts))


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def name(path: Path) -> str:
    """Return the path as people write it."""
    return path.relative_to(ROOT).as_posix()
