"""Portals, served by the real embedded server, and people at a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import missing
from tests.journeys.desk import Desk, make_desk
from tests.journeys.portal import Portal, make_empty, make_sample, served
from tests.journeys.visitor import Visitor


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A browser, where there is one."""
    path = os.environ.get("ZTPORTAL_CHROMIUM") or shutil.which("chromium")
    if not path:
        missing("Chromium (ZTPORTAL_CHROMIUM)")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--headless", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an empty portal."""
    return make_empty(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="session")
def sample_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a portal with five weeks of the sample organisation, made once."""
    return make_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def empty(empty_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """An empty portal that serves."""
    with served(empty_data, tmp_path_factory.mktemp("served") / "data") as portal:
        yield portal


@pytest.fixture(scope="module")
def sample(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal with the sample organisation that serves."""
    with served(sample_data, tmp_path_factory.mktemp("served") / "data") as portal:
        yield portal


@pytest.fixture(scope="module")
def states() -> dict[str, Any]:
    """Sessions of this module's portal, by role: one sign-in each."""
    return {}


@pytest.fixture(scope="package")
def seen() -> dict[tuple[str, str], set[str]]:
    """Kinds of pages that were looked at closely, by role and scheme: once each."""
    return {}


@pytest.fixture
def visit(
    chromium: Browser, sample: Portal, states: dict[str, Any], seen: dict[tuple[str, str], set[str]]
) -> Iterator[Callable[..., Visitor]]:
    """Seat somebody of a role at the browser; afterwards nothing may have been complained about."""
    visitors: list[Visitor] = []

    def seat(role: str, scheme: str = "light") -> Visitor:
        visitor = Visitor(chromium, sample, states.get(role), scheme, seen.setdefault((role, scheme), set()))
        visitors.append(visitor)
        if role not in states:
            email, password = sample.people[role]
            visitor.sign_in(email, password, lambda: sample.manage("demo_code", role).strip())
            states[role] = visitor.context.storage_state()
        return visitor

    yield seat
    for visitor in visitors:
        visitor.leave()


@pytest.fixture(scope="session")
def desk_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a small portal in which access is asked for, made once."""
    return make_desk(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def served_desk(chromium: Browser, desk_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The small portal, served once for the journeys of a file."""
    with served(desk_data, tmp_path_factory.mktemp("served") / "data") as portal:
        yield Desk(chromium, portal, {})


@pytest.fixture
def desk(served_desk: Desk) -> Iterator[Desk]:
    """The small portal; after each journey nobody's browser may have complained."""
    yield served_desk
    seated, served_desk.seated = served_desk.seated, []
    for visitor in seated:
        visitor.leave()
