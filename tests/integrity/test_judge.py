"""Verdicts of the real library on stored bundles and digests."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from model_signing import hashing, signing

from apps.integrity.states import SignatureState
from apps.integrity.verification.bundle import read_bundle
from apps.integrity.verification.judge import Trusted, Verdict, judge
from apps.integrity.verification.keys import NotAKey, read_key
from apps.integrity.verification.measure import File, measure
from tests.integrity.desk import Authority, Key, write


def trusted(pem: str, name: str = "release") -> Trusted:
    key = read_key(pem)
    return Trusted(uuid4(), key.kind, name, key.pem, key.fingerprint)


def measured(signature: Path, model: Path) -> dict[str, Any]:
    files = [File(p.relative_to(model).as_posix(), p) for p in sorted(model.rglob("*")) if p.is_file()]
    return {"items": measure(files, read_bundle(signature.read_text()))[1]}


def verdict(signature: Path, model: Path, *keys: Trusted) -> Verdict:
    return judge(signature.read_text(), measured(signature, model), keys)


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Path, Path, Key]:
    model, signature, key = write(tmp_path / "model"), tmp_path / "model.sig", Key(tmp_path / "keys")
    key.sign(model, signature)
    return signature, model, key


def test_valid_only_with_the_trusted_key(signed: tuple[Path, Path, Key], tmp_path: Path) -> None:
    signature, model, key = signed
    other = trusted(Key(tmp_path / "other").pem, "other")
    found = verdict(signature, model, other, trusted(key.pem))
    assert (found.state, found.signer) == (SignatureState.VALID_TRUSTED, "release")
    assert verdict(signature, model, other).state == SignatureState.SIGNED_NOT_CHECKED
    assert verdict(signature, model).state == SignatureState.SIGNED_NOT_CHECKED


@pytest.mark.parametrize(
    ("change", "state", "word"),
    [
        (
            lambda model: (model / "model.pkl").write_bytes(b"evil"),
            SignatureState.DIGEST_MISMATCH,
            "changed: model.pkl",
        ),
        (lambda model: (model / "extra.py").write_bytes(b"x"), SignatureState.FILES_DIFFER, "not signed: extra.py"),
        (lambda model: (model / ".hidden").write_bytes(b"x"), SignatureState.FILES_DIFFER, "not signed: .hidden"),
        (lambda model: (model / "README.md").unlink(), SignatureState.FILES_DIFFER, "missing: README.md"),
    ],
)
def test_changed_content_shows_with_any_key_or_none(
    signed: tuple[Path, Path, Key], change: Callable[[Path], Any], state: SignatureState, word: str
) -> None:
    signature, model, key = signed
    change(model)
    for keys in ([trusted(key.pem)], []):
        found = verdict(signature, model, *keys)
        assert found.state == state and word in found.reason


def _edited(signature: Path, change: Callable[[dict[str, Any]], None]) -> str:
    outer = json.loads(signature.read_text())
    change(outer)
    return json.dumps(outer)


def _swap_payload(outer: dict[str, Any]) -> None:
    statement = json.loads(base64.b64decode(outer["dsseEnvelope"]["payload"]))
    statement["predicate"]["note"] = "added later"
    outer["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()


def _swap_predicate(outer: dict[str, Any]) -> None:
    statement = json.loads(base64.b64decode(outer["dsseEnvelope"]["payload"]))
    statement["predicateType"] = "https://slsa.dev/provenance/v1"
    outer["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()


def _no_files(outer: dict[str, Any]) -> None:
    statement = json.loads(base64.b64decode(outer["dsseEnvelope"]["payload"]))
    statement["predicate"]["resources"] = []
    outer["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (_swap_payload, SignatureState.INVALID),
        (_swap_predicate, SignatureState.UNSUPPORTED),
        (_no_files, SignatureState.INVALID),
        (lambda o: o["dsseEnvelope"]["signatures"][0].update(sig="AAAA"), SignatureState.INVALID),
        (lambda o: o["dsseEnvelope"]["signatures"].clear(), SignatureState.INVALID),
        (lambda o: o.update(mediaType="application/vnd.dev.sigstore.bundle.v9+json"), SignatureState.UNSUPPORTED),
        (lambda o: o.pop("verificationMaterial"), SignatureState.INVALID),
        (lambda o: o["dsseEnvelope"].update(payload="%%%"), SignatureState.INVALID),
    ],
)
def test_bundles_that_were_tampered_with(
    signed: tuple[Path, Path, Key], change: Callable[[dict[str, Any]], None], state: SignatureState
) -> None:
    signature, model, key = signed
    text = _edited(signature, change)
    assert judge(text, measured(signature, model), [trusted(key.pem)]).state == state


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", "[" * 500_000, '{"verificationMaterial": 1}'])
def test_what_is_no_bundle_is_invalid(text: str) -> None:
    assert judge(text, {"items": [["a", "sha256", "00"]]}, []).state == SignatureState.INVALID


def test_without_the_files_nothing_is_checked(signed: tuple[Path, Path, Key]) -> None:
    signature, _, key = signed
    found = judge(signature.read_text(), {}, [trusted(key.pem)])
    assert found.state == SignatureState.SIGNED_NOT_CHECKED and "not in the import" in found.reason


def test_certificates(tmp_path: Path) -> None:
    model, signature, ca = write(tmp_path / "model"), tmp_path / "model.sig", Authority(tmp_path / "ca")
    ca.sign(model, signature)
    found = verdict(signature, model, trusted(Authority(tmp_path / "other").root_pem), trusted(ca.root_pem, "Our root"))
    assert (found.state, found.signer) == (SignatureState.VALID_TRUSTED, "CN=Fenwick Release")
    unknown = verdict(signature, model, trusted(Authority(tmp_path / "third").root_pem))
    assert unknown.state == SignatureState.VALID_UNKNOWN_SIGNER
    (model / "model.pkl").write_bytes(b"evil")
    assert verdict(signature, model, trusted(ca.root_pem)).state == SignatureState.DIGEST_MISMATCH


@pytest.mark.parametrize("algorithm", ["sha256", "blake2", "blake3"])
def test_every_digest_of_the_library(tmp_path: Path, algorithm: Any) -> None:
    model, signature, key = write(tmp_path / "model"), tmp_path / "model.sig", Key(tmp_path / "keys")
    config = signing.Config().use_elliptic_key_signer(private_key=key.path)
    config.set_hashing_config(hashing.Config().use_file_serialization(hashing_algorithm=algorithm)).sign(
        model, signature
    )
    assert verdict(signature, model, trusted(key.pem)).state == SignatureState.VALID_TRUSTED


def test_shards(tmp_path: Path) -> None:
    model = write(tmp_path / "model", {"weights.bin": b"\x01" * 2_500_000, "note.txt": b"x"})
    signature, key = tmp_path / "model.sig", Key(tmp_path / "keys")
    config = signing.Config().use_elliptic_key_signer(private_key=key.path)
    config.set_hashing_config(hashing.Config().use_shard_serialization(shard_size=1_000_000)).sign(model, signature)
    assert len(measured(signature, model)["items"]) == 4
    assert verdict(signature, model, trusted(key.pem)).state == SignatureState.VALID_TRUSTED


def test_only_keys_that_can_be_trusted_are_read(tmp_path: Path) -> None:
    key, ca = Key(tmp_path / "a"), Authority(tmp_path / "b")
    assert read_key(f"Some words before\n{key.pem}").kind == "public_key"
    assert read_key(ca.root_pem).kind == "certificate"
    for text, word in (
        (key.path.read_text(), "private key"), (ca.leaf_pem, "not a root"), ("hello", "No public key"),
        (ca.root_pem + ca.root_pem, "one root certificate"), (key.pem.replace("M", "!"), "cannot be read"),
    ):  # fmt: skip
        with pytest.raises(NotAKey, match=word):
            read_key(text)
