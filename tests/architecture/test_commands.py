"""Every command names its event; every event is declared once; every task name is the app's."""

import ast

from celery import current_app

from apps.core.events import EVENTS
from tests.architecture.code import name, product_files, tree


def _is_command(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "command"


def test_commands_take_keywords_only_with_actor_and_now() -> None:
    """A verb, keyword-only, `actor` first, time passed in."""
    wrong = []
    for path in product_files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef) and any(_is_command(d) for d in node.decorator_list):
                keywords = [argument.arg for argument in node.args.kwonlyargs]
                if node.args.args or not keywords or keywords[0] != "actor" or "now" not in keywords:
                    wrong.append(f"{name(path)}:{node.name}")
    assert wrong == []


def test_events_are_named_app_noun_verb() -> None:
    """`access.request.approved`, in plain words too."""
    wrong = [event.name for event in EVENTS if event.name.count(".") < 2 or not event.title]
    assert wrong == []


def test_tasks_are_named_after_their_app() -> None:
    """`posture.execute_run`."""
    current_app.loader.import_default_modules()
    own = [task for task in current_app.tasks if not task.startswith("celery.")]
    assert own
    assert [task for task in own if task.count(".") != 1] == []


def test_a_row_is_locked_without_its_key() -> None:
    """FOR UPDATE also blocks the foreign-key checks of other transactions, which come at their commit, when they hold
    everything else: a revocation and a deactivation deadlocked so. FOR NO KEY UPDATE keeps out what has to wait."""
    calls = [
        (name(path), node.lineno, {word.arg for word in node.keywords})
        for path in product_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "select_for_update"
    ]
    assert len(calls) > 10
    assert [(where, line) for where, line, words in calls if "no_key" not in words] == []
