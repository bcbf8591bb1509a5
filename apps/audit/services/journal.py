"""The emergency journal: reductions that were done although the log could not be written.

One JSON line an act, flushed to the disk before its transaction is committed, and one line after the commit that
confirms it. The reconciler brings the acts into the log, marked late; each has an id of its own, so that a crash in
between doubles nothing.
"""

import fcntl
import json
import logging
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from apps.audit import entry

log = logging.getLogger(__name__)


def journal_path() -> Path:
    """Return where the journal is kept (ZTPORTAL_AUDIT_JOURNAL)."""
    return Path(settings.ZTPORTAL_AUDIT_JOURNAL)


@contextmanager
def locked(path: Path) -> Iterator[IO[bytes]]:
    """Open the journal for reading and appending, mode 600, alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b", buffering=0) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream


def write(acts: list[entry.Act]) -> list[str]:
    """Append acts to the journal, wait for the disk, and return their ids.

    It is written before the commit and confirmed after it: a crash in between leaves an act that may not have been
    done, and ingest says so. A reduction does not wait for the journal either, so a full disk only alarms.
    """
    ids = [str(uuid.uuid4()) for _ in acts]
    _append(
        {"id": key, "log": act.log, "facts": act.facts, "details": act.details}
        for key, act in zip(ids, acts, strict=True)
    )
    return ids


def confirm(ids: list[str]) -> None:
    """Write down that the transaction of these acts was committed."""
    _append([{"confirmed": ids}])


def _append(lines: Iterable[dict[str, Any]]) -> None:
    written = [json.dumps(line) for line in lines]
    try:
        with locked(journal_path()) as stream:
            stream.write(("\n" + "\n".join(written) + "\n").encode())
            os.fsync(stream.fileno())
    except OSError:
        log.critical("audit journal cannot be written; its lines follow", extra={"lines": written}, exc_info=True)
