"""The signing secret: known and short ones refuse to start, and a changed one voids every session (case 11)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings

from tests.accounts.conftest import PASSWORD, post_password
from tests.cast import Cast
from ztportal.configuration import KNOWN_SECRETS, secret_key

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("secret", sorted(KNOWN_SECRETS) + ["short", "a" * 80, "ab" * 40])
def test_known_short_and_poor_secrets_are_refused(tmp_path: Path, secret: str) -> None:
    for production in (True, False):
        with pytest.raises(ImproperlyConfigured, match="known or too short"):
            secret_key(secret, data_dir=tmp_path, production=production)


def test_production_invents_no_secret(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured):
        secret_key("", data_dir=tmp_path, production=True)


def test_embedded_default_writes_its_own_once_for_its_user_alone(tmp_path: Path) -> None:
    first = secret_key("", data_dir=tmp_path, production=False)
    assert secret_key("", data_dir=tmp_path, production=False) == first
    assert len(first) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_the_process_does_not_start(tmp_path: Path) -> None:
    environment = os.environ | {"ZTPORTAL_SECRET_KEY": "thisISaSECRET_1234", "ZTPORTAL_DATA_DIR": str(tmp_path)}
    environment["DJANGO_SETTINGS_MODULE"] = "ztportal.settings"
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert "known or too short" in done.stderr


def test_a_session_of_another_secret_opens_nothing(cast: Cast) -> None:
    client = Client()
    post_password(client, "engineer@fenwick.example", PASSWORD)
    assert client.get("/account").status_code == 200
    with override_settings(SECRET_KEY="n" * 60):
        assert client.get("/account").status_code == 302
