"""Signature bundles of the OpenSSF project and one of our own: verdicts of the real library against trusted keys."""

import hashlib
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.integrity.models import Artifact, Signature
from apps.integrity.queries import verified_signature_exists
from apps.inventory.models import Asset
from tests.real_inputs.run import imported

pytestmark = [pytest.mark.real_inputs, pytest.mark.django_db]
UPSTREAM = ("upstream-v0.2.0-certificate", "upstream-v0.3.1-elliptic-key", "upstream-v1.1.0-elliptic-key")


@pytest.fixture
def folder(real_inputs: Path) -> Path:
    return real_inputs / "openssf-model-signing"


def states() -> dict[str, str]:
    return dict(Signature.objects.present().values_list("source_key", "state"))


def test_without_trusted_keys_nothing_is_valid(folder: Path) -> None:
    found = imported("openssf-model-signing", folder)
    signatures = {path.relative_to(folder).as_posix() for path in folder.rglob("*.sig")}
    assert found["created"] == len(signatures) == 5
    assert set(states()) == signatures
    assert set(states().values()) == {"signed_not_checked", "unsupported"}
    keys = {path.relative_to(folder).as_posix() for path in folder.rglob("*.pem")}
    assert {row["file"] for row in found["rejected"]} == keys
    assert all("Trusted keys" in row["reason"] for row in found["rejected"])
    again = imported("openssf-model-signing", folder)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 5)


def test_digests_equal_the_files(folder: Path) -> None:
    imported("openssf-model-signing", folder)
    artifact = Artifact.objects.get(source_key="mlflow-fraud-scorer-v2")
    here = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (folder / "mlflow-fraud-scorer-v2").iterdir()
    }
    assert {file["path"]: file["sha256"] for file in artifact.files} == here


@pytest.mark.parametrize("before", [True, False])
def test_every_upstream_release_verifies_with_its_key(folder: Path, before: bool) -> None:
    """Trusted before or after the import: the same verdicts. Keyless signing needs Sigstore's trust root."""

    def trust() -> None:
        call_command("trust_key", folder / "upstream-keys/signing-key-pub.pem", name="Upstream key")
        call_command("trust_key", folder / "upstream-keys/ca-cert.pem", name="Upstream root")

    if before:
        trust()
    imported("openssf-model-signing", folder)
    if not before:
        trust()
    found = states()
    assert {name: found[f"{name}/model.sig"] for name in UPSTREAM} == dict.fromkeys(UPSTREAM, "valid_trusted")
    assert found["upstream-v1.1.0-sigstore/model.sig"] == "unsupported"
    assert found["mlflow-fraud-scorer-v2.model.sig"] == "signed_not_checked"


def test_the_signed_folder_proves_the_version_in_the_registry(folder: Path, real_inputs: Path) -> None:
    imported("mlflow", real_inputs / "mlflow-3.17", source="registry")
    imported("openssf-model-signing", folder, source="signed")
    signed = Asset.objects.filter(verified_signature_exists("pk"))
    assert not signed.exists()
    call_command("trust_key", folder / "mlflow-fraud-scorer-v2.public.pem", name="Fraud team")
    assert [(asset.kind, asset.version) for asset in signed] == [("model_version", "2")]
