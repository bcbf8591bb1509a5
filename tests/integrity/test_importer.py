"""Folders to artifacts and signatures: what is covered, what is stray, what is refused."""

from pathlib import Path

import pytest
from model_signing import hashing, signing

from apps.integrity.verification.importer import FORMAT
from apps.inventory.formats import InputFile
from apps.inventory.records import ARTIFACT, SIGNATURE, UnrecognisedInput
from tests.integrity.desk import FILES, Key, write
from tests.inventory.given import inputs, parsed


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return Key(tmp_path / "keys")


def test_a_signature_beside_its_folder(tmp_path: Path, key: Key) -> None:
    write(tmp_path / "in/scorer-v2")
    key.sign(tmp_path / "in/scorer-v2", tmp_path / "in/scorer-v2.model.sig")
    found = parsed(FORMAT, inputs(tmp_path / "in"))
    artifact = found.of(ARTIFACT)["scorer-v2"].facts
    assert [file["path"] for file in artifact["files"]] == sorted(FILES)
    signature = found.of(SIGNATURE)["scorer-v2.model.sig"].facts
    assert (signature["artifact_key"], signature["method"]) == ("scorer-v2", "key")
    assert signature["files_digest"] == artifact["files_digest"] != ""
    assert found.reasons() == []


def test_a_signature_inside_its_folder_does_not_sign_itself(tmp_path: Path, key: Key) -> None:
    model = write(tmp_path / "in/scorer")
    key.sign(model, model / "model.sig")
    found = parsed(FORMAT, inputs(tmp_path / "in"))
    assert [file["path"] for file in found.of(ARTIFACT)["scorer"].facts["files"]] == sorted(FILES)
    top = parsed(FORMAT, inputs(model))
    assert set(top.of(ARTIFACT)) == {"scorer"}


def test_a_single_file(tmp_path: Path, key: Key) -> None:
    model = write(tmp_path / "in/one")
    key.sign(model / "model.pkl", model / "model.sig")
    found = parsed(FORMAT, inputs(tmp_path / "in"))
    assert [file["path"] for file in found.of(ARTIFACT)["one/model.pkl"].facts["files"]] == ["model.pkl"]


def test_hidden_files_and_notes_count(tmp_path: Path, key: Key) -> None:
    """The folder is walked, though a folder import leaves hidden files and notes out."""
    model = write(tmp_path / "in/scorer", {**FILES, ".hidden/code.py": b"x"})
    key.sign(model, tmp_path / "in/scorer.model.sig")
    without = [file for file in inputs(tmp_path / "in") if "/." not in file.name and not file.name.endswith(".md")]
    paths = [file["path"] for file in parsed(FORMAT, without).of(ARTIFACT)["scorer"].facts["files"]]
    assert paths == sorted([*FILES, ".hidden/code.py"])


def test_uploaded_files_are_known_by_name_only(tmp_path: Path, key: Key) -> None:
    write(tmp_path / "in/scorer")
    key.sign(tmp_path / "in/scorer", tmp_path / "in/scorer.sig")
    stored = tmp_path / "uploads"
    stored.mkdir()
    files = []
    for number, file in enumerate(inputs(tmp_path / "in")):
        (stored / str(number)).write_bytes(file.path.read_bytes())
        files.append(InputFile(stored / str(number), file.name, file.size))
    assert len(parsed(FORMAT, files).of(ARTIFACT)["scorer"].facts["files"]) == len(FILES)


def test_what_a_signature_ignores_it_does_not_vouch_for(tmp_path: Path, key: Key) -> None:
    model = write(tmp_path / "in/scorer")
    config = signing.Config().use_elliptic_key_signer(private_key=key.path)
    config.set_hashing_config(hashing.Config().set_ignored_paths(paths=["model.pkl"])).sign(
        model, tmp_path / "in/scorer.sig"
    )
    found = parsed(FORMAT, inputs(tmp_path / "in"))
    assert found.of(SIGNATURE)["scorer.sig"].facts["files_digest"] != found.of(ARTIFACT)["scorer"].facts["files_digest"]


def test_keys_beside_are_named_and_left(tmp_path: Path, key: Key) -> None:
    write(tmp_path / "in/scorer")
    key.sign(tmp_path / "in/scorer", tmp_path / "in/scorer.sig")
    (tmp_path / "in/release.pem").write_text(key.pem)
    (tmp_path / "in/oops.pem").write_bytes(key.path.read_bytes())
    write(tmp_path / "in/unsigned")
    reasons = "\n".join(parsed(FORMAT, inputs(tmp_path / "in")).reasons())
    assert "release.pem file: a public key: add it under Trusted keys" in reasons
    assert "oops.pem file: a private key" in reasons
    assert f"unsigned folder: {len(FILES)} files without a signature" in reasons


def test_links_are_refused_not_followed(tmp_path: Path, key: Key) -> None:
    model = write(tmp_path / "in/scorer")
    key.sign(model, tmp_path / "in/scorer.sig")
    (model / "outside").symlink_to("/etc/passwd")
    found = parsed(FORMAT, [file for file in inputs(tmp_path / "in") if not file.path.is_symlink()])
    assert found.of(ARTIFACT) == {} and found.of(SIGNATURE) == {}
    assert "symbolic link (outside)" in found.reasons()[0]
    assert not found.covered[SIGNATURE].complete or found.rejected[0].kind == ARTIFACT


@pytest.mark.parametrize("name", ["scorer/../../etc/passwd", "scorer\\..\\x", "/etc/passwd"])
def test_names_that_lead_out_are_refused(tmp_path: Path, key: Key, name: str) -> None:
    model = write(tmp_path / "in/scorer")
    key.sign(model, tmp_path / "in/scorer.sig")
    stored = tmp_path / "stored"
    stored.write_bytes((tmp_path / "in/scorer.sig").read_bytes())
    files = [InputFile(stored, "scorer.sig", stored.stat().st_size), InputFile(model / "MLmodel", name, 1)]
    assert any("leads out" in reason for reason in parsed(FORMAT, files).reasons())


def test_models_are_hashed_never_loaded(tmp_path: Path, key: Key) -> None:
    trap = tmp_path / "ran"
    files = {"model.pkl": f"cos\nsystem\n(S'touch {trap}'\ntR.".encode()}
    key.sign(write(tmp_path / "in/trap", files), tmp_path / "in/trap.sig")
    assert len(parsed(FORMAT, inputs(tmp_path / "in")).of(ARTIFACT)) == 1
    assert not trap.exists()


def test_nothing_signed_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(UnrecognisedInput, match="none of them a signature"):
        parsed(FORMAT, inputs(write(tmp_path / "in")))
    assert FORMAT.detect(inputs(tmp_path / "in")).score == 0
