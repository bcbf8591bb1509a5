"""Cases 15 and 16: text in parameters and filters stays text; model files are measured, never loaded."""

import builtins
import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.test import Client

from apps.core.actor import system
from apps.core.errors import Invalid
from apps.integrity.models import Artifact
from apps.inventory.importing.collect import collect
from apps.inventory.services.intake import import_files
from apps.posture.models import CheckVersion
from tests.posture.conftest import run_now

EXPRESSIONS = (
    "{{7*7}}", "{% debug %}", "{{ settings.SECRET_KEY }}", "__class__", "().__class__.__mro__", "${7*7}", "finalize",
    "%(asctime)s", "{0.__init__.__globals__}", "<%= 7*7 %>", "#{7*7}", "x' OR 1=1 --", "__import__('os').system('id')",
)  # fmt: skip
PICKLE = b"cos\nsystem\n(S'touch HERE'\ntR."


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_a_parameter_is_a_literal(signed_in: Callable[[str], Client], text: str) -> None:
    """A check's parameter that is no number is refused, shown as it came, and makes no version."""
    run_now()
    client, versions = signed_in("security_admin"), CheckVersion.objects.count()
    for step in ("preview", "save"):
        answer = client.post("/setup/checks/NH-01", {"days": text, "action": step, step: "1"})
        assert answer.status_code == 400, answer.content
        body = answer.content.decode()
        assert settings.SECRET_KEY not in body
    assert CheckVersion.objects.count() == versions


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_search_and_names_are_literals(signed_in: Callable[[str], Client], text: str) -> None:
    """What is searched for is shown as it was typed."""
    answer = signed_in("security_admin").get("/search", {"q": text})
    assert answer.status_code == 200
    assert answer.context["query"] == text.strip()
    assert settings.SECRET_KEY not in answer.content.decode()


def model_folder(folder: Path, weights: bytes) -> Path:
    """Write a registry export with one version whose weights are a pickle."""
    model = folder / "model"
    model.mkdir(parents=True)
    (model / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: mlflow.sklearn\nmodel_uuid: abc\n")
    for name in ("model.pkl", "model.pt", "model.joblib", "data.npy"):
        (model / name).write_bytes(weights)
    return model


def test_pickles_are_hashed_and_never_loaded(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signed folder full of pickles: its digests are kept, and nothing that a pickle names runs."""
    marker = tmp_path / "ran"
    weights = PICKLE.replace(b"HERE", str(marker).encode())
    model = model_folder(tmp_path / "export", weights)
    (model / "model.sig").write_text("{}")
    loaded: list[str] = []
    monkeypatch.setattr(pickle, "loads", lambda *a, **k: loaded.append("loads"))
    monkeypatch.setattr(pickle, "load", lambda *a, **k: loaded.append("load"))
    monkeypatch.setattr(builtins, "eval", lambda *a, **k: loaded.append("eval"))
    import_files(actor=system("test"), format="openssf-model-signing", files=collect([tmp_path / "export"]))
    assert loaded == [] and not marker.exists()
    files: list[dict[str, Any]] = [file for artifact in Artifact.objects.all() for file in artifact.files]
    assert hashlib.sha256(weights).hexdigest() in json.dumps(files)


def test_a_pickle_is_no_export_of_anything(db: None, tmp_path: Path) -> None:
    """Offered as a file of its own it is refused with a line, not opened."""
    marker = tmp_path / "ran"
    (tmp_path / "users.json").write_bytes(PICKLE.replace(b"HERE", str(marker).encode()))
    with pytest.raises(Invalid):
        import_files(actor=system("test"), format="auto", files=collect([tmp_path / "users.json"]))
    assert not marker.exists()


def test_tasks_are_json_only() -> None:
    """A worker takes nothing but JSON, and keeps no results that could be poisoned (CVE-2021-23727)."""
    assert set(current_app.conf.accept_content) == {"json"}
    assert current_app.conf.task_serializer == "json" and current_app.conf.result_backend in (None, "disabled://")
    assert current_app.conf.task_ignore_result is True
