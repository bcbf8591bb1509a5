"""Sortable headers, pages and progress: query strings are kept, counts are printed with what they are of."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest

from apps.core.numbers import counted, grouped, percent
from apps.core.ui.filters import PAGING


def sort_view(request: HttpRequest | None, key: str, now: str, parameter: str = "sort") -> dict[str, str]:
    """The link that sorts by `key`, turned round when the list is sorted by it now, and the value of aria-sort."""
    if request is None:
        return {"url": "", "aria": ""}
    now = now or request.GET.get(parameter, "")
    descending = now == f"-{key}"
    query = request.GET.copy()
    for name in PAGING:
        query.pop(name, None)
    query[parameter] = f"-{key}" if now == key else key
    aria = "descending" if descending else "ascending" if now == key else ""
    return {"url": f"?{query.urlencode()}", "aria": aria}


def pager_view(page: Any, request: HttpRequest | None, noun: str) -> dict[str, object]:
    """Newer and older links and `51–100 of 5,214 findings`.

    `page` is a Django Page, or anything with `next` and `previous` (a cursor, or empty), optionally `shown`, `total`.
    """
    if isinstance(page, Page):
        first, last, total = page.start_index(), page.end_index(), page.paginator.count
        one_page = page.paginator.num_pages == 1
        text = counted(total, noun) if one_page else f"{grouped(first)}–{grouped(last)} of {grouped(total)} {noun}"
        before = _linked(request, "page", page.previous_page_number() if page.has_previous() else None)
        after = _linked(request, "page", page.next_page_number() if page.has_next() else None)
        return {"text": text, "previous": before, "next": after}
    before = _linked(request, "cursor", getattr(page, "previous", None))
    after = _linked(request, "cursor", getattr(page, "next", None))
    return {"text": _cursor_text(page, noun), "previous": before, "next": after}


def _cursor_text(page: Any, noun: str) -> str:
    shown, total = getattr(page, "shown", None), getattr(page, "total", None)
    if shown is None:
        return ""
    return counted(shown, noun) if total is None else f"{grouped(shown)} of {grouped(total)} {noun}"


def _linked(request: HttpRequest | None, name: str, value: object) -> str:
    if not value or request is None:
        return ""
    query = request.GET.copy()
    query[name] = str(value)
    return f"?{query.urlencode()}"


def export_view(request: HttpRequest) -> dict[str, str]:
    """Addresses of the same rows as CSV and JSON: the page's path with the ending, filters and order kept."""
    query = request.GET.copy()
    for name in PAGING:
        query.pop(name, None)
    path = request.path.rstrip("/")
    tail = f"?{query.urlencode()}" if query else ""
    return {"csv": f"{path}.csv{tail}", "json": f"{path}.json{tail}"}


@dataclass(frozen=True)
class Step:
    """One step of a job: waiting, running, done or failed."""

    label: str
    state: str = "waiting"
    note: str = ""


@dataclass(frozen=True)
class Job:
    """What `{% job %}` shows: real counts, an end that is said in words, and what was kept after a failure.

    `state` is waiting, running, done, failed or cancelled; `poll_url` is asked every two seconds while it runs.
    """

    title: str
    state: str
    done: int = 0
    total: int | None = None
    noun: str = "records"
    left: str = ""
    message: str = ""
    steps: tuple[Step, ...] = ()
    poll_url: str = ""
    cancel_url: str = ""


JOB_TONES = {"waiting": "neutral", "running": "info", "done": "good", "failed": "bad", "cancelled": "neutral"}
JOB_WORDS = {"waiting": "Waiting", "running": "Running", "done": "Done", "failed": "Failed", "cancelled": "Cancelled"}


def job_view(job: Any) -> dict[str, object]:
    """Context of `_job.html` for a `Job` or anything shaped like one."""
    total = getattr(job, "total", None)
    counted = grouped(job.done) if total is None else f"{grouped(job.done)} of about {grouped(total)}"
    left = f", {job.left} left" if getattr(job, "left", "") else ""
    running = job.state in ("waiting", "running")
    return {
        "job": job,
        "tone": JOB_TONES.get(job.state, "neutral"),
        "word": JOB_WORDS.get(job.state, str(job.state)),
        "running": running,
        "text": f"{counted} {job.noun}{left if running else ''}",
        "percent": None if not total else min(percent(job.done, total) or 0, 100),
        "steps": [
            {"step": step, "tone": JOB_TONES.get(step.state, "neutral"), "word": JOB_WORDS.get(step.state, step.state)}
            for step in job.steps
        ],
    }


def stale_text(stale: Iterable[object], total: int | None) -> str:
    """`1 of 12 sources is stale: feature store, last read 17 Nov`; empty where none is."""
    names = [str(entry) for entry in stale]
    if not names:
        return ""
    verb = "is" if len(names) == 1 else "are"
    source = "source" if (total or len(names)) == 1 else "sources"
    counted = f"{len(names)} of {grouped(total)} {source}" if total else f"{len(names)} {source}"
    return f"{counted} {verb} stale: {'; '.join(names)}"
