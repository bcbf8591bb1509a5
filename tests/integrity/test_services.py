"""Trusted keys and verdicts in the database: who may, what changes, and what a version's check sees."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.audit.models import Entry
from apps.core.actor import Strength, system
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.integrity import queries, services
from apps.integrity.models import Artifact, Signature, TrustedKey
from apps.integrity.states import SignatureState
from apps.integrity.verification.importer import FORMAT
from apps.inventory.models import Asset
from apps.inventory.records import ARTIFACT, SIGNATURE
from tests.cast import Cast
from tests.factories import make_asset, make_import, make_source
from tests.integrity.desk import Authority, Key, write
from tests.inventory.given import inputs, parsed

NOW = datetime(2026, 11, 20, 6, 12, tzinfo=UTC)
COMMAND_LINE = system("command line")
pytestmark = pytest.mark.django_db


def store(folder: Path, asset: Asset | None = None) -> Signature:
    """Put what the importer reads into the tables, and give the asset an artifact of the same files."""
    source = make_source(format=FORMAT.name)
    owner = make_import(source)
    row = {"source": source, "last_import": owner, "observed_at": NOW, "first_seen_at": NOW}
    found = parsed(FORMAT, inputs(folder))
    for record in found.of(ARTIFACT).values():
        artifact = Artifact.objects.create(source_key=record.key, digest=record.key, **record.facts, **row)
    for record in found.of(SIGNATURE).values():
        facts = {**record.facts, "artifact": artifact}
        signature = Signature.objects.create(source_key=record.key, digest=record.key, **facts, **row)
    if asset is not None:
        listed: dict[str, Any] = {"files": artifact.files, "files_digest": artifact.files_digest, "name": "listed"}
        other = make_source(format="mlflow")
        row |= {"source": other, "last_import": make_import(other)}
        Artifact.objects.create(source_key="fraud/1", digest="x", asset_key="fraud/1", asset=asset, **listed, **row)
    services.judge_signatures(Signature.objects.unjudged(), NOW)
    signature.refresh_from_db()
    return signature


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return Key(tmp_path / "keys")


@pytest.fixture
def folder(tmp_path: Path, key: Key) -> Path:
    write(tmp_path / "in/scorer")
    key.sign(tmp_path / "in/scorer", tmp_path / "in/scorer.sig")
    return tmp_path / "in"


@pytest.mark.parametrize("name", ["ciso", "manager", "owner", "engineer", "auditor", "service", "outsider"])
def test_only_security_admins_trust_and_retire(cast: Cast, key: Key, name: str) -> None:
    with pytest.raises(Forbidden, match="Only a security administrator"):
        services.trust_key(actor=cast.actor(name), now=NOW, name="Release", pem=key.pem)
    held = services.trust_key(actor=COMMAND_LINE, now=NOW, name="Release", pem=key.pem).value
    with pytest.raises(Forbidden):
        services.retire_key(actor=cast.actor(name), now=NOW, key=held)
    assert TrustedKey.objects.in_force().count() == 1


def test_a_security_admin_needs_the_second_factor(cast: Cast, key: Key) -> None:
    with pytest.raises(Forbidden, match="second factor"):
        services.trust_key(actor=cast.actor("security_admin", Strength.PASSWORD), now=NOW, name="R", pem=key.pem)
    services.trust_key(actor=cast.actor("security_admin"), now=NOW, name="R", pem=key.pem)


def test_trusting_and_retiring_judges_again_without_the_files(cast: Cast, key: Key, folder: Path) -> None:
    asset = make_asset()
    signature = store(folder, asset)
    assert signature.state == SignatureState.SIGNED_NOT_CHECKED
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    held = services.trust_key(actor=cast.actor("security_admin"), now=NOW, name="Release", pem=key.pem).value
    signature.refresh_from_db()
    assert (signature.state, signature.trusted_key) == (SignatureState.VALID_TRUSTED, held)
    assert Asset.objects.filter(queries.verified_signature_exists("pk")).get() == asset
    assert Asset.objects.annotate(s=queries.signature_state()).get().s == "valid_trusted"
    moved = services.retire_key(actor=cast.actor("security_admin"), now=NOW, key=held).value
    assert moved["no_longer_valid"] == 1
    assert not Asset.objects.filter(queries.verified_signature_exists("pk")).exists()
    assert queries.verdict_of(asset) == SignatureState.SIGNED_NOT_CHECKED
    names = list(Entry.objects.order_by("seq").values_list("action", flat=True))
    assert names[-2:] == ["integrity.key.trusted", "integrity.key.retired"]


def test_other_signatures_are_left_alone(key: Key, folder: Path, tmp_path: Path) -> None:
    signature = store(folder)
    services.trust_key(actor=COMMAND_LINE, now=NOW, name="Other", pem=Key(tmp_path / "other").pem)
    before = signature.judged_at
    signature.refresh_from_db()
    assert (signature.state, signature.judged_at) == (SignatureState.SIGNED_NOT_CHECKED, before)


def test_certificates_are_judged_again_too(tmp_path: Path) -> None:
    ca = Authority(tmp_path / "ca")
    write(tmp_path / "in/scorer")
    ca.sign(tmp_path / "in/scorer", tmp_path / "in/scorer.sig")
    signature = store(tmp_path / "in")
    assert signature.state == SignatureState.VALID_UNKNOWN_SIGNER
    services.trust_key(actor=COMMAND_LINE, now=NOW, name="Root", pem=ca.root_pem)
    signature.refresh_from_db()
    assert signature.state == SignatureState.VALID_TRUSTED


def test_other_content_is_unsigned(key: Key, folder: Path) -> None:
    asset = make_asset()
    store(folder, asset)
    services.trust_key(actor=COMMAND_LINE, now=NOW, name="Release", pem=key.pem)
    Artifact.objects.filter(asset=asset).update(files_digest="0" * 64)
    assert not Asset.objects.filter(queries.verified_signature_exists("pk")).exists()
    assert queries.verdict_of(asset) == SignatureState.UNSIGNED
    Artifact.objects.filter(asset=asset).update(files_digest="")
    assert queries.verdict_of(asset) == SignatureState.UNSIGNED
    assert not Asset.objects.filter(queries.artifact_exists("pk")).exists()


def test_a_gone_signature_proves_nothing(key: Key, folder: Path) -> None:
    store(folder, make_asset())
    services.trust_key(actor=COMMAND_LINE, now=NOW, name="Release", pem=key.pem)
    Signature.objects.update(gone_at=NOW)
    assert not Asset.objects.filter(queries.verified_signature_exists("pk")).exists()


def test_what_is_refused(key: Key, tmp_path: Path) -> None:
    services.trust_key(actor=COMMAND_LINE, now=NOW, name="Release", pem=key.pem)
    with pytest.raises(Conflict, match="trusted already"):
        services.trust_key(actor=COMMAND_LINE, now=NOW, name="Again", pem=key.pem)
    with pytest.raises(Conflict, match="has this name"):
        services.trust_key(actor=COMMAND_LINE, now=NOW, name="RELEASE", pem=Key(tmp_path / "b").pem)
    with pytest.raises(Invalid) as problem:
        services.trust_key(actor=COMMAND_LINE, now=NOW, name="Secret", pem=key.path.read_text())
    assert "private key" in problem.value.fields["pem"]
    with pytest.raises(Invalid):
        services.trust_key(actor=COMMAND_LINE, now=NOW, name=" ", pem=key.pem)


def test_a_retired_key_may_come_back(key: Key) -> None:
    held = services.trust_key(actor=COMMAND_LINE, now=NOW, name="Release", pem=key.pem).value
    services.retire_key(actor=COMMAND_LINE, now=NOW, key=held)
    with pytest.raises(Conflict, match="retired already"):
        services.retire_key(actor=COMMAND_LINE, now=NOW, key=held)
    services.trust_key(actor=COMMAND_LINE, now=NOW, name="Release", pem=key.pem)
    assert TrustedKey.objects.count() == 2


def test_the_command_line(db: None, key: Key, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "release.pem"
    path.write_text(key.pem)
    call_command("trust_key", str(path), "--name", "Release")
    assert "Trusted: Release, public key, SHA-256" in capsys.readouterr().out
    assert TrustedKey.objects.get().added_by == "command line"
    for place in (key.path, tmp_path / "absent"):
        with pytest.raises(CommandError):
            call_command("trust_key", str(place), "--name", "Other")


def test_visibility(cast: Cast, key: Key, folder: Path) -> None:
    asset = make_asset(team=cast.teams["Model Engineering"])
    store(folder, asset)
    services.trust_key(actor=COMMAND_LINE, now=NOW, name="Release", pem=key.pem)
    for name, artifacts, signatures, keys in (("ciso", 2, 1, 1), ("engineer", 2, 1, 0), ("outsider", 0, 0, 0)):
        actor = cast.actor(name)
        assert Artifact.objects.all().visible_to(actor).count() == artifacts, name
        assert Signature.objects.all().visible_to(actor).count() == signatures, name
        assert queries.keys(actor).count() == keys, name
