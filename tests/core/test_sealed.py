"""Stored secrets: encrypted, read with any present key, carried to the newest, and useless without a key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from apps.core.sealed import Unreadable, rotate, seal, unseal
from ztportal.configuration import credential_keys

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_sealed_value_shows_nothing_and_comes_back_whole() -> None:
    text = "slack://T0/B0/hunter2-ü"
    sealed = seal(text)
    assert "hunter2" not in sealed and sealed != seal(text)
    assert unseal(sealed) == text


def test_a_rotated_value_no_longer_needs_the_old_key() -> None:
    with override_settings(CREDENTIAL_KEYS=[OLD]):
        sealed = seal("secret")
    with override_settings(CREDENTIAL_KEYS=[NEW, OLD]):
        assert unseal(sealed) == "secret"
        rotated = rotate(sealed)
    with override_settings(CREDENTIAL_KEYS=[NEW]):
        assert unseal(rotated) == "secret"
        for action in (unseal, rotate):
            with pytest.raises(Unreadable):
                action(sealed)


def test_a_changed_value_is_refused_without_repeating_it() -> None:
    sealed = seal("secret")
    changed = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]
    for wrong in (changed, "", "not sealed", "ü"):
        with pytest.raises(Unreadable) as caught:
            unseal(wrong)
        assert not wrong or wrong not in str(caught.value)


def test_the_embedded_default_writes_its_own_key_once(tmp_path: Path) -> None:
    first = credential_keys([], data_dir=tmp_path, production=False)
    assert credential_keys([], data_dir=tmp_path, production=False) == first
    assert (tmp_path / "credential_key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "credential_key").write_text("cut")
    with pytest.raises(ImproperlyConfigured, match="damaged"):
        credential_keys([], data_dir=tmp_path, production=False)


@pytest.mark.parametrize("key", ["short", "A" * 43 + "=", "!" * 44, "A" * 42, "ü" * 44])
def test_what_is_no_key_is_refused(tmp_path: Path, key: str) -> None:
    for production in (True, False):
        with pytest.raises(ImproperlyConfigured):
            credential_keys([NEW, key], data_dir=tmp_path, production=production)


def test_production_invents_no_keys(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="ZTPORTAL_CREDENTIAL_KEYS"):
        credential_keys([], data_dir=tmp_path, production=True)
    assert credential_keys([NEW, OLD], data_dir=tmp_path, production=True) == [NEW, OLD]


def test_a_process_in_production_does_not_start_without(tmp_path: Path) -> None:
    environment = os.environ | {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0",
        "ZTPORTAL_SECRET_KEY": "".join(map(chr, range(40, 110))), "ZTPORTAL_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "ztportal.settings", "ZTPORTAL_CREDENTIAL_KEYS": "",
    }  # fmt: skip
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert "ZTPORTAL_CREDENTIAL_KEYS" in done.stderr
