"""P10: no stored secret shows in any response, log, audit entry, export, task payload or column of the database."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal import auth as recovery
from allauth.mfa.totp.internal import auth as totp
from django.apps import apps
from django.conf import settings
from django.test import Client

from apps.accounts import services
from apps.accounts.states import LinkPurpose
from apps.audit.models import Details, Entry
from apps.core import jobs
from apps.core.actor import system
from apps.inventory.importing.collect import collect
from apps.inventory.models import Identity, PersonRecord
from apps.inventory.services.intake import import_files
from tests.security.test_canary import addresses
from tests.security.world import World, bearer, body, person

#: Values of fields that formats may carry; each is a marker.
PLANTED = {
    "password": "mrkPassw0rd01", "clientSecret": "mrkClientSecret02", "secretText": "mrkSecretText03",
    "accessToken": "mrkAccessToken04", "refresh_token": "mrkRefreshToken05", "api_key": "mrkApiKey06",
    "privateKey": "-----BEGIN PRIVATE KEY-----mrkPrivateKey07", "secret_access_key": "mrkSecretAccess08",
    "connectionString": "Server=x;Password=mrkConnection09", "sasUrl": "https://x.example/?sig=mrkSasUrl10",
    "note": "ghp_mrkGithubToken11aaaaaaaaaaaaaaaaaaaa", "hint": "postgres://user:mrkInUrl12@db.example/x",
    "jwt": "eyJhbGciOiJIUzI1NiJ9mrkJwt13.eyJzdWIiOiIx.sig", "shared_key": "mrkSharedKey14",
}  # fmt: skip
MARKS = (
    "mrkPassw0rd01",
    "mrkClientSecret02",
    "mrkSecretText03",
    "mrkAccessToken04",
    "mrkRefreshToken05",
    "mrkApiKey06",
    "mrkPrivateKey07",
    "mrkSecretAccess08",
    "mrkConnection09",
    "mrkSasUrl10",
    "mrkGithubToken11",
    "mrkInUrl12",
    "mrkJwt13",
    "mrkSharedKey14",
)


@pytest.fixture
def payloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is sent to workers."""
    sent: list[str] = []
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **kwargs: sent.append(repr((args, kwargs))))
    return sent


def plant(world: World, folder: Path) -> dict[str, str]:
    """Import files full of secrets, and make every secret that the portal itself keeps; return them by name."""
    user = {
        "id": "u1",
        "userPrincipalName": "u1@fenwick.example",
        "displayName": "Ada",
        "accountEnabled": True,
        **PLANTED,
    }
    user["passwordProfile"] = {"password": PLANTED["password"], "forceChangePasswordNextSignIn": True}
    user["keyCredentials"] = [{"keyId": "1", "secretText": PLANTED["secretText"], **PLANTED}]
    document = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "value": [user]}
    (folder / "users.json").write_text(json.dumps(document))
    row = {"employee_id": "7", "name": "Ada", "email": "ada@fenwick.example", **PLANTED}
    (folder / "people.csv").write_text("\n".join([",".join(row), ",".join(f'"{value}"' for value in row.values())]))
    for name, form in (("users.json", "microsoft-graph"), ("people.csv", "people-csv")):
        import_files(actor=system("test"), format=form, files=collect([folder / name]), source_name=name)
    admin, owner = world.cast.actor("security_admin"), world.cast.users["owner"]
    secrets = {mark: mark for mark in MARKS}
    secrets |= {"token": world.tokens["service"], "other token": world.tokens["other_service"]}
    secrets["own token"] = services.create_token(
        actor=world.cast.actor("owner"), user=owner, name="own", scopes=["read:inventory"], days=9
    ).value[1]
    secrets["totp"] = totp.generate_totp_secret()
    totp.TOTP.activate(owner, secrets["totp"])
    secrets["recovery code"] = recovery.RecoveryCodes.activate(owner).get_unused_codes()[0]
    new = services.create_user(actor=admin, name="New", email="new@fenwick.example").value
    secrets["link"] = services.create_link(actor=system("create_admin"), user=new, purpose=LinkPurpose.INVITATION).value
    secrets["session"] = person(world.cast, "owner").cookies["sessionid"].value
    secrets["signing secret"] = settings.SECRET_KEY
    assert len(secrets) >= 20
    return secrets


def shown(secrets: dict[str, str], text: str, where: str) -> list[str]:
    """Return which secrets stand in a text."""
    return [f"{name} in {where}" for name, value in secrets.items() if value in text]


def everything_stored() -> Iterator[tuple[str, str]]:
    """Yield each table as text, all columns of all rows."""
    for model in apps.get_models():
        if model._meta.managed and not model._meta.proxy:
            rows = model._default_manager.values_list()
            yield model._meta.label, "\n".join(repr([_text(value) for value in row]) for row in rows)


def _text(value: Any) -> Any:
    return bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else value


def test_no_secret_shows_anywhere(
    world: World, tmp_path: Path, payloads: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        secrets = plant(world, tmp_path)
        found: list[str] = []
        readers = {name: person(world.cast, name) for name in ("security_admin", "auditor", "outsider")}
        for name, client in {**readers, "service": bearer(world, "service")}.items():
            for url in addresses(world):
                found += shown(secrets, body(client.get(url)).decode(errors="replace"), f"{url} for {name}")
        found += shown(secrets, body(bearer(world, "service").get("/api/v1/assets")).decode(), "the API")
        for identity in Identity.objects.filter(login__startswith="u1@"):
            page = readers["security_admin"].get(f"/identities/{identity.pk}")
            found += shown(secrets, body(page).decode(), "the identity's page")
        Client().post("/account/login", {"login": "owner@fenwick.example", "password": secrets["token"]})
        Client(HTTP_AUTHORIZATION=f"Bearer {secrets['token']}x").get("/api/v1/assets")
    found += shown(secrets, "\n".join(payloads), "task payloads")
    found += shown(
        secrets,
        caplog.text + "\n".join(repr(vars(record)) for record in caplog.records if record.name != "django.db.backends"),
        "logs",
    )
    for entry in Entry.objects.all():
        found += shown(secrets, bytes(entry.body).decode(), "the audit log")
    for details in Details.objects.exclude(content=None):
        found += shown(secrets, bytes(details.content).decode(), "audit details")
    assert not found, "\n".join(sorted(set(found)))


def test_no_secret_is_stored_as_it_is(world: World, tmp_path: Path, payloads: list[str]) -> None:
    """Raw records without their secrets, tokens and links as keyed hashes, factors encrypted, sessions by key only."""
    secrets = plant(world, tmp_path)
    kept = {name: value for name, value in secrets.items() if name not in ("session",)}
    found = [leak for label, text in everything_stored() for leak in shown(kept, text, label)]
    assert not found, "\n".join(found)
    raw = json.dumps(Identity.objects.get(login="u1@fenwick.example").raw)
    assert "[removed]" in raw, "the raw record was kept, only its secrets were taken out"
    assert PersonRecord.objects.filter(email="ada@fenwick.example").exists()


def test_what_is_created_is_shown_once(world: World) -> None:
    """The page that creates a token or link shows it; no later page and no back button's cache does."""
    client = person(world.cast, "security_admin")
    pk = world.cast.users["service"].pk
    made = client.post(f"/setup/people/{pk}/tokens", {"name": "x", "scopes": "read:posture", "days": "3"})
    token = made.context["token"]
    assert token in made.content.decode() and "no-store" in made["Cache-Control"]
    assert token not in body(client.get(f"/setup/people/{pk}/tokens")).decode()
