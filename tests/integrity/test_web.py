"""The page of trusted keys, and the panel on an asset's page."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from apps.integrity.models import TrustedKey
from apps.integrity.web.registrations import asset_panel
from tests.cast import Cast
from tests.factories import make_asset
from tests.integrity.desk import Key, write
from tests.integrity.test_services import store

SignIn = Callable[[str], Client]


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return Key(tmp_path / "keys")


def test_a_security_admin_trusts_and_retires(signed_in: SignIn, key: Key) -> None:
    client, page = signed_in("security_admin"), reverse("integrity:keys")
    assert "No key is trusted yet" in client.get(page).content.decode()
    answer = client.post(page, {"name": "Release <b>", "text": key.pem}, follow=True)
    held = TrustedKey.objects.get()
    body = answer.content.decode()
    assert "Release &lt;b&gt;" in body and held.fingerprint in body
    client.post(reverse("integrity:key_retire", args=[held.pk]))
    held.refresh_from_db()
    assert held.retired_at is not None


def test_a_private_key_is_refused_and_not_shown_back(signed_in: SignIn, key: Key) -> None:
    with key.path.open("rb") as upload:
        answer = signed_in("security_admin").post(reverse("integrity:keys"), {"name": "Oops", "file": upload})
    body = answer.content.decode()
    assert answer.status_code == 400 and "This is a private key" in body
    assert key.path.read_text().splitlines()[1] not in body


@pytest.mark.parametrize(("name", "status"), [("ciso", 200), ("auditor", 200), ("engineer", 403), ("manager", 403)])
def test_who_sees_the_page(signed_in: SignIn, name: str, status: int) -> None:
    answer = signed_in(name).get(reverse("integrity:keys"))
    assert answer.status_code == status
    assert 'name="text"' not in answer.content.decode()


@pytest.mark.parametrize("name", ["ciso", "auditor", "engineer", "outsider"])
def test_who_may_not_post(signed_in: SignIn, key: Key, name: str) -> None:
    assert signed_in(name).post(reverse("integrity:keys"), {"name": "X", "text": key.pem}).status_code == 403
    assert not TrustedKey.objects.exists()


def test_the_panel(cast: Cast, key: Key, tmp_path: Path) -> None:
    asset = make_asset(kind="model_version")
    write(tmp_path / "in/scorer", {"<script>.pkl": b"x"})
    key.sign(tmp_path / "in/scorer", tmp_path / "in/scorer.sig")
    store(tmp_path / "in", asset)
    context = asset_panel(cast.actor("ciso"), asset)
    assert context is not None
    body = render_to_string("integrity/_asset_panel.html", context)
    assert "Signed, not checked" in body and "&lt;script&gt;.pkl" in body and "<script>" not in body
    assert asset_panel(cast.actor("ciso"), make_asset(kind="dataset")) is None
    unlisted = asset_panel(cast.actor("engineer"), make_asset(kind="model_version"))
    assert unlisted is not None and unlisted["keys_url"] == ""
    assert "No source lists the files" in render_to_string("integrity/_asset_panel.html", unlisted)
