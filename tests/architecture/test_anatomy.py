"""Inside an app: the same names; only services write; views see through `visible_to`; foreign keys point left."""

import ast
import re
from pathlib import Path

from django.apps import apps

from tests.architecture.code import FLOORS, ROOT, name, product_files, tree

FORBIDDEN_NAMES = {"utils", "helpers", "managers", "common", "misc"}
PUBLIC_MODULES = {"models", "queries", "rules", "services", "states", "events"}
WRITES = {"save", "create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
READERS = {"web", "api", "queries", "rules", "tasks", "receivers"}
DANGEROUS = {"pickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}
#: allauth and guardian write by themselves; these modules only call them (architecture.md, "services").
WRITE_EXEMPT: set[str] = {"apps/core/web/exports.py"}


def _app_of(path: Path) -> str | None:
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "apps" and len(parts) > 2 else None


def test_no_grab_bag_modules() -> None:
    """A module is named after what it holds."""
    assert [name(path) for path in product_files() if path.stem in FORBIDDEN_NAMES] == []


def test_every_app_stands_on_a_floor() -> None:
    """A new app takes its place on the line of floors."""
    assert {path.parent.name for path in ROOT.glob("apps/*/apps.py")} <= set(FLOORS)


def _cross_imports(path: Path) -> list[str]:
    own, found = _app_of(path), []
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("apps."):
            continue
        parts = (node.module or "").split(".")
        if parts[1] in (own, "core") or own is None:
            continue
        if FLOORS.index(parts[1]) > FLOORS.index(own) or (len(parts) > 2 and parts[2] not in _open_to_others(parts[1])):
            found.append(f"{name(path)}: {node.module}")
    return found


def _open_to_others(app: str) -> set[str]:
    """An app opens its public modules, and inventory its import contract (registered in the open)."""
    contracts = {
        "accounts": {"participants"},
        "posture": {"spec", "outcomes"},
        "inventory": {"records", "formats", "importing", "subjects"},
        "governance": {"standards", "operations", "roles", "duties", "tiers", "references"},
    }
    return PUBLIC_MODULES | contracts.get(app, set())


def test_apps_import_left_and_only_public_modules() -> None:
    """Models to read, queries, rules, services, states, events."""
    assert [line for path in product_files() for line in _cross_imports(path)] == []


def test_foreign_keys_obey_the_floors() -> None:
    """A foreign key points to the same floor or left."""
    wrong = []
    for model in apps.get_models():
        if not model.__module__.startswith("apps."):
            continue
        floor = FLOORS.index(model._meta.app_label)
        for field in model._meta.get_fields():
            target = (
                field.related_model
                if getattr(field, "many_to_one", False) or getattr(field, "one_to_one", False)
                else None
            )
            label = target._meta.app_label if isinstance(target, type) else None
            if label in FLOORS and not field.auto_created and FLOORS.index(label) > floor:
                wrong.append(f"{model.__name__}.{field.name}")
    assert wrong == []


def test_only_services_write() -> None:
    """Pages, API, queries, rules, tasks and receivers hold no ORM write."""
    wrong = []
    for path in product_files():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if len(parts) < 3 or parts[2] not in READERS or name(path) in WRITE_EXEMPT:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
                chain = ast.unparse(node.func)
                if "objects." in chain or node.func.attr in {"save", "bulk_create", "get_or_create"}:
                    wrong.append(f"{name(path)}:{node.lineno} {chain}")
    assert wrong == []


def test_pages_and_api_take_no_unscoped_rows() -> None:
    """`.objects` in a view is followed by `visible_to`, or the rows come from queries."""
    wrong = []
    for path in product_files():
        parts = path.relative_to(ROOT).parts
        if len(parts) < 4 or parts[2] not in {"web", "api"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"\.objects\b(?!\.(visible_to|none))", line):
                wrong.append(f"{name(path)}:{number} {line.strip()}")
    assert wrong == []


def test_request_data_is_never_spread_into_filters() -> None:
    """`filter(**request.GET)` lets the caller name internals (CVE-2025-64459)."""
    pattern = re.compile(r"\*\*\s*(self\.)?request\.(GET|POST|data|query_params)")
    assert [name(path) for path in product_files() if pattern.search(path.read_text(encoding="utf-8"))] == []


def test_models_are_bytes_never_loaded() -> None:
    """No module that runs code when it reads a file."""
    wrong = []
    for path in product_files():
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong += [f"{name(path)}: {module}" for module in names if module.split(".")[0] in DANGEROUS]
    assert wrong == []


def test_no_import_inside_a_function() -> None:
    """Imports inside functions dodge the floors."""
    wrong = []
    for path in product_files():
        if path.name == "apps.py" or path.parts[-3:-1] == ("management", "commands") or _app_of(path) is None:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef):
                wrong += [
                    f"{name(path)}:{inner.lineno}"
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.ImportFrom) and (inner.module or "").startswith("apps.")
                ]
    assert wrong == []


def test_nothing_else_asks_for_the_time() -> None:
    """`core.clock.now` is the only clock of decisions."""
    pattern = re.compile(r"(timezone|datetime)\.(now|utcnow|today)\(|date\.today\(")
    wrong = [
        f"{name(path)}:{number}"
        for path in product_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line) and _app_of(path) and name(path) != "apps/core/clock.py"
    ]
    assert wrong == []
