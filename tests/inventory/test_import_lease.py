"""An import that is killed: nothing of it is seen, and the next one, or the reconciler, goes on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Conflict
from apps.inventory.formats import InputFile
from apps.inventory.importing import lease, stage
from apps.inventory.importing.lease import LostLease
from apps.inventory.models import Identity, Import, RejectedRecord, StagedIdentity
from apps.inventory.services import imports, intake, staging
from tests.inventory.exports import console, imported, table, totals, write

pytestmark = pytest.mark.django_db
ACTOR = system("test")


class Killed(BaseException):
    """Stands for the end of a process: no handler of the product catches it."""


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "BATCH", 10)


def request(path: Path, **more: Any) -> UUID:
    uploads = imports.digest_files([InputFile(path, path.name, path.stat().st_size)])
    made = imports.request_import(
        actor=ACTOR, format="aws-iam-credential-report", uploads=uploads, source_name="aws", **more
    )
    return UUID(str(made.value.pk))  # type: ignore[union-attr]


def report(tmp_path: Path, count: int) -> Path:
    rows = [console(f"user{n}") for n in range(count)] + [console("user0")]
    return write(tmp_path / "report.csv", table(rows))


def kill_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    """Let the process die when so many batches were written."""
    real, left = stage.write, iter(range(batches))

    def dying(*arguments: Any) -> None:
        if next(left, None) is None:
            raise Killed
        real(*arguments)

    monkeypatch.setattr(stage, "write", dying)


@pytest.fixture
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_batches: None) -> Iterator[UUID]:
    """An import whose process died after four batches, as another process finds it."""
    key = request(report(tmp_path, 60), claim=True, apply_at_once=True)
    with monkeypatch.context() as patched:
        kill_after(patched, 4)
        with pytest.raises(Killed):
            staging.stage_import(import_id=key)
    Import.objects.filter(pk=key).update(claimed_by="elsewhere:1")
    yield key


def test_nothing_is_visible_and_the_lease_holds_others_off(killed: UUID) -> None:
    assert not Identity.objects.exists()
    assert StagedIdentity.objects.exists()
    with pytest.raises(Conflict, match="being read"):
        staging.stage_import(import_id=killed)
    assert intake.resume_imports() == 0


def test_after_the_lease_the_reconciler_wakes_a_worker_that_starts_clean(
    killed: UUID, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr("apps.core.jobs.enqueue", lambda task, *ids: woken.extend([task, *map(str, ids)]))
    with clock.shifted(lease.LEASE + timedelta(seconds=1)):
        assert intake.resume_imports() == 1
        assert intake.resume_imports() == 0
        intake.work_on(killed)
        intake.work_on(killed)  # a doubled task finds nothing to do
    assert woken == ["inventory.stage_import", str(killed)]
    owner = Import.objects.get(pk=killed)
    assert (owner.state, owner.created, owner.attempts >= 2) == ("applied", 60, True)
    assert Identity.objects.count() == 60
    assert RejectedRecord.objects.filter(owner=owner).count() == owner.rejected_count == 1


def test_a_dead_process_of_this_host_is_replaced_at_once(killed: UUID, tmp_path: Path) -> None:
    host = lease.holder().rpartition(":")[0]
    Import.objects.filter(pk=killed).update(claimed_by=f"{host}:99999999")
    assert totals(imported("auto", tmp_path / "report.csv", source="aws")) == (60, 0, 0, 0)
    assert Import.objects.get(pk=killed).state == "discarded"
    assert "took its place" in Import.objects.get(pk=killed).problem


def test_a_living_import_of_the_source_holds_others_off(killed: UUID, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="at work"):
        imported("auto", tmp_path / "report.csv", source="aws")
    assert Import.objects.exclude(pk=killed).get().state == "discarded"
    assert Import.objects.get(pk=killed).state == "staging"


def test_a_process_that_lost_its_lease_writes_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_batches: None
) -> None:
    key = request(report(tmp_path, 60))
    real = stage.write

    def taken_over(*arguments: Any) -> None:
        real(*arguments)
        Import.objects.filter(pk=key).update(attempts=9)

    monkeypatch.setattr(stage, "write", taken_over)
    with pytest.raises(LostLease):
        staging.stage_import(import_id=key)
    assert Import.objects.get(pk=key).state == "staging"
    assert not Identity.objects.exists()


def test_a_file_that_kills_its_reader_is_put_aside(tmp_path: Path) -> None:
    key = request(report(tmp_path, 3))
    Import.objects.filter(pk=key).update(attempts=lease.MAX_ATTEMPTS)
    owner = staging.stage_import(import_id=key)
    assert (owner.state, owner.attempts) == ("refused", lease.MAX_ATTEMPTS + 1)
    assert "abruptly 5 times" in owner.problem


def test_a_file_that_went_away_is_a_refusal(tmp_path: Path) -> None:
    path = report(tmp_path, 3)
    key = request(path)
    path.unlink()
    assert "not there any more" in staging.stage_import(import_id=key).problem


def test_uploads_are_previewed_confirmed_and_removed(
    tmp_path: Path, django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    with report(tmp_path, 3).open("rb") as stream:
        stream.size = stream.seek(0, 2)  # type: ignore[attr-defined]
        stream.seek(0)
        owner = intake.upload(actor=ACTOR, format="auto", files=[("report.csv", stream)])
    intake.work_on(owner.pk)
    owner.refresh_from_db()
    assert (owner.state, owner.created) == ("previewed", 3)
    assert not Identity.objects.exists()
    imports.confirm_import(actor=ACTOR, import_id=owner.pk)
    with django_capture_on_commit_callbacks(execute=True):
        intake.work_on(owner.pk)
    owner.refresh_from_db()
    assert (owner.state, Identity.objects.count(), StagedIdentity.objects.count()) == ("applied", 3, 0)
    assert list((tmp_path / "uploads").iterdir()) == []
