"""Signed notes and checkpoints: a published note, own notes, and what must be refused."""

import pytest

from apps.audit import notes
from apps.audit.verifier import audit_verify
from tests.audit.log import KEY, NOW

# Published with the Go implementation of signed notes (golang.org/x/mod/sumdb/note).
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PUBLISHED_SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NAME = "portal.example/audit/privileged/0011"
ROOT = bytes(range(32))


def checkpoint() -> str:
    """A checkpoint of the test key."""
    return notes.sign(notes.checkpoint_text(NAME, 7, ROOT), NAME, KEY, NOW)


def test_a_published_note_verifies() -> None:
    """Key id, signed bytes and line format are those of the format's first implementation."""
    key = notes.VerifierKey.parse(PUBLISHED_KEY)
    assert str(key) == PUBLISHED_KEY
    note = f"{PUBLISHED_TEXT}\n{PUBLISHED_SIGNATURE}"
    assert notes.verify(note, key) == (PUBLISHED_TEXT, None)
    assert audit_verify.open_note(note, [audit_verify.read_key(PUBLISHED_KEY)]) == PUBLISHED_TEXT


def test_a_checkpoint_says_origin_size_root_and_when() -> None:
    """Both verifiers read what was signed."""
    key = notes.VerifierKey.of(NAME, KEY)
    said = notes.verify_checkpoint(checkpoint(), key)
    assert (said.origin, said.size, said.root) == (NAME, 7, ROOT)
    assert said.signed_at == NOW.replace(microsecond=0)
    assert audit_verify.open_checkpoint(checkpoint(), [audit_verify.read_key(str(key))]) == (NAME, 7, ROOT)


def test_any_changed_character_is_refused() -> None:
    """Of text, key name, key id or signature; another's signature line counts for nothing."""
    key = notes.VerifierKey.of(NAME, KEY)
    note = notes.sign(notes.checkpoint_text(NAME, 7, ROOT), NAME, KEY)
    for at, character in enumerate(note):
        forged = note[:at] + ("B" if character != "B" else "C") + note[at + 1 :]
        with pytest.raises(notes.NoteError):
            notes.verify_checkpoint(forged, key)
        with pytest.raises(audit_verify.Bad):
            audit_verify.open_checkpoint(forged, [audit_verify.read_key(str(key))])


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\nAA==\n", f"{NAME}\n07\n{'A' * 44}\n\n", f"{NAME}\n-1\n{'A' * 44}\n\n", "x\ny\nz\n\n— a b\n", "\n\n\n"],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """Never read as something else."""
    key = notes.VerifierKey.of(NAME, KEY)
    with pytest.raises(notes.NoteError):
        notes.verify_checkpoint(text, key)


def test_a_note_of_another_log_is_refused() -> None:
    """The key is pinned under the log's own name (immudb CVE-2022-39199 pinned neither)."""
    with pytest.raises(notes.NoteError, match="is of"):
        notes.verify_checkpoint(checkpoint(), notes.VerifierKey.of("portal.example/audit/activity/0011", KEY))


def test_signatures_of_others_are_ignored_but_do_not_help() -> None:
    """A witness may add its own line."""
    other = "— witness.example " + checkpoint().splitlines()[-1].split(" ")[2] + "\n"
    key = notes.VerifierKey.of(NAME, KEY)
    assert notes.verify_checkpoint(checkpoint() + other, key).size == 7
    alone = notes.checkpoint_text(NAME, 7, ROOT) + "\n" + other
    with pytest.raises(notes.NoteError, match="not signed"):
        notes.verify_checkpoint(alone, key)


@pytest.mark.parametrize("text", ["", "a", "a+b", "a+00000000+AAAA", PUBLISHED_KEY.replace("c74f", "c74e")])
def test_what_is_no_key_is_refused(text: str) -> None:
    """Format and key id must fit."""
    with pytest.raises(notes.NoteError):
        notes.VerifierKey.parse(text)
