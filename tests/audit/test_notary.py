"""The notary signs only what extends what it signed before."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.audit.models import Checkpoint, Verification
from apps.audit.services.notary import NotaryError, create_key, key_of_first_start, load_key, notarise_embedded
from apps.core import clock
from tests.audit.log import READ, append, sign
from tests.audit.test_verification import bypass

pytestmark = pytest.mark.django_db


def notary(folder: Path, *options: str) -> str:
    """Run one round of the command."""
    out = io.StringIO()
    call_command("audit_notary", "--once", "--key", str(folder / "key.pem"), *options, stdout=out, stderr=out)
    return out.getvalue()


def verify(folder: Path, *options: str) -> str:
    """Run the verification with the notary's published keys."""
    out = io.StringIO()
    call_command("audit_verify", "--public-key", str(folder / "verifier-keys.txt"), *options, stdout=out, stderr=out)
    return out.getvalue()


def test_first_start_makes_a_key_and_signs_both_logs(tmp_path: Path) -> None:
    """The key is mode 600; public keys stand beside it; each note goes to the witness folder."""
    append(3)
    append(2, event=READ)
    assert "privileged: signed up to event 3" in notary(tmp_path, "--witness-dir", str(tmp_path / "out"))
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name.split("-")[0] for path in (tmp_path / "out").iterdir()) == ["activity", "privileged"]
    said = verify(tmp_path, "--witness", str(tmp_path / "out"))
    assert said.count("verified") == 2 and "1 held outside" in said
    assert notary(tmp_path) == "" and Checkpoint.objects.count() == 2


def test_checkpoints_follow_the_log(tmp_path: Path) -> None:
    """Each extends the one before."""
    for start in range(0, 60, 7):
        append(7, start=start)
        notary(tmp_path)
    assert list(Checkpoint.objects.values_list("size", flat=True)) == list(range(7, 64, 7))
    assert "verified, 63 events, 9 checkpoints with pinned key" in verify(tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET body = leaf WHERE seq = 6",
        "UPDATE audit_entry SET actor_id = 'x' WHERE seq = 6",
        "DELETE FROM audit_details WHERE entry_id = (SELECT id FROM audit_entry WHERE seq = 6)",
        "UPDATE audit_head SET size = 4",
        "UPDATE audit_head SET origin = 'x/audit/privileged/1'",
        "UPDATE audit_checkpoint SET edge = root, size = 1",
        "UPDATE audit_checkpoint SET note = 'x'",
    ],
)
def test_it_refuses_to_sign_what_does_not_verify(statement: str, tmp_path: Path) -> None:
    """Exit 1, says where, signs nothing, and the page will say so."""
    append(5)
    sign_with(tmp_path)
    append(3, start=5)
    bypass([statement])
    with pytest.raises(CommandError, match="refused to sign"):
        notary(tmp_path)
    assert Checkpoint.objects.count() == 1
    if "origin" not in statement:
        assert Verification.objects.get(key="privileged/notary").ok is False


def sign_with(folder: Path) -> None:
    """Make a key and sign once."""
    notary(folder)


def test_it_remembers_what_it_signed_when_the_table_is_emptied(tmp_path: Path) -> None:
    """A log cut back and checkpoints deleted: the notary's own memory tells."""
    append(9)
    notary(tmp_path)
    bypass(["DELETE FROM audit_checkpoint", "DELETE FROM audit_details", "DELETE FROM audit_entry",
            "DELETE FROM audit_head"])  # fmt: skip
    append(2)
    with pytest.raises(CommandError, match="refused to sign"):
        notary(tmp_path)


def test_a_forged_checkpoint_of_another_key_does_not_fool_it(tmp_path: Path) -> None:
    """It starts from what it signed itself; others' checkpoints are only claims to check."""
    append(4)
    notary(tmp_path / "own")
    append(4, start=4)
    (done,) = sign(tmp_path / "forger")
    assert done.signed and Checkpoint.objects.count() == 2
    bypass(["UPDATE audit_checkpoint SET root = edge WHERE size = 8"])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_checkpoint SET root = substr(note, 1, 32) WHERE size = 8")
    with pytest.raises(CommandError, match="refused to sign"):
        notary(tmp_path / "own")


def test_keys_are_guarded(tmp_path: Path) -> None:
    """Never overwritten, never read where others may read it, never replaced by itself once something was signed."""
    path = tmp_path / "key.pem"
    create_key(path)
    with pytest.raises(NotaryError, match="never overwritten"):
        create_key(path)
    path.chmod(0o644)
    with pytest.raises(NotaryError, match="chmod 600"):
        load_key(path)
    append(1)
    sign(tmp_path)
    path.unlink()
    key_of_first_start(path)
    with pytest.raises(NotaryError, match="no key"):
        load_key(path)
    path.write_text("nonsense")
    path.chmod(0o600)
    with pytest.raises(NotaryError, match="no usable"):
        load_key(path)


def test_the_embedded_default_signs_about_once_a_minute(settings: object, tmp_path: Path) -> None:
    """One process, no notary beside it: the reconciler does its work."""
    settings.ZTPORTAL_AUDIT_KEY_FILE = str(tmp_path / "notary" / "key.pem")  # type: ignore[attr-defined]
    append(3)
    assert notarise_embedded() == 1
    append(3, start=3)
    assert notarise_embedded() == 0
    with clock.shifted(timedelta(seconds=61)):
        assert notarise_embedded() == 1


def test_a_verification_that_fails_says_so_and_exits_1(tmp_path: Path) -> None:
    """And as JSON."""
    append(4)
    notary(tmp_path)
    bypass(["UPDATE audit_entry SET action = 'x' WHERE seq = 1"])
    out = io.StringIO()
    with pytest.raises(CommandError, match="does not verify") as refused:
        call_command("audit_verify", "--json", "--public-key", str(tmp_path / "verifier-keys.txt"), stdout=out)
    assert refused.value.returncode == 1 and '"first_bad_event": 1' in out.getvalue()
    with pytest.raises(CommandError) as unreadable:
        call_command("audit_verify", "--public-key", "nonsense", stdout=out)
    assert unreadable.value.returncode == 2
