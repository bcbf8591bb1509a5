"""The behaviours in a real browser, under the strict content policy: charts, keys, theme, errors, menus, axe."""

import os
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django import forms
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import RequestFactory
from playwright.sync_api import Browser, Page, Route, sync_playwright

from apps.core import charts
from apps.core.charts import CountPoint, Note, SharePoint
from apps.core.ui.lineage import Edge, Node
from tests.conftest import missing

pytestmark = pytest.mark.browser

ORIGIN = "http://portal.test"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
START = date(2026, 8, 28)
NAV = [
    {"label": "", "items": [{"label": "Overview", "url": "/posture", "icon": "home", "current": True}]},
    {"label": "Setup", "items": [{"label": "Findings", "url": "/findings", "icon": "find", "current": False}]},
]
SOURCE = """{% extends "layouts/chart_page.html" %}{% load ui %}{% block title %}Kit{% endblock %}
{% block heading %}Kit{% endblock %}{% block crumbs %}{% crumbs "Assets" "/assets" "Kit" %}{% endblock %}
{% block actions %}{% post_button "/x" "Remove" confirm="Really?" tone="neg" %}{% endblock %}
{% block content %}{% filter_bar filter %}<div class="g">
<section class="card c6">{% figure line "Proven posture" %}</section>
<section class="card c6">{% figure bars "Open findings" %}</section>
<section class="card c6">{% figure days "Events" %}</section>
<section class="card c6">{% figure steps "Checks met" %}</section>
<section class="card c12">{% lineage nodes edges %}{% segbar counts target=80 label="All" %}
{% legend counts target=80 %}{% units results %}</section>
{% tile "Not evaluated" 3 of="of 31" url="/f" change=-2 better="down" span="in 90 days" %}</div>
{% code_block "manage.py run_checks" %}
{% status "failing" chip=True %}{% status "not_applicable" chip=True %}{% severity "low" %}
<form class="card form" method="post" novalidate>{% form_fields form %}<button class="btn pri">Save</button></form>
{% endblock %}"""


class Somebody(str):
    """A user as the shell needs one."""

    is_authenticated = True


class Filter(forms.Form):
    kind = forms.MultipleChoiceField(label="Kind", required=False, choices=[(str(n), f"Kind {n}") for n in range(12)])


class Needed(forms.Form):
    name = forms.CharField(label="Name")


def html(shortcuts_off: bool) -> str:
    weeks = [START + timedelta(weeks=index) for index in range(13)]
    shares = [SharePoint(day, 60 + n, 100, 80, f"/posture?as_of={day}") for n, day in enumerate(weeks) if n != 5]
    counts = [CountPoint(day, {"critical": 12, "high": 90 + n, "count": n}, "/findings") for n, day in enumerate(weeks)]
    nodes = [Node("a", "data", "Dataset", "met", "/a"), Node("b", "model", "Model", "failing", "/b", True)]
    values: dict[str, Any] = {
        "line": charts.line_with_band("line", shares, target=81, notes=[Note(weeks[4], "source added")]),
        "bars": charts.stacked_bars_weekly("bars", counts),
        "days": charts.bars_per_day("days", counts),
        "steps": charts.step_line("steps", shares, marks=[Note(weeks[4], "4.2.0")]),
        "nodes": nodes,
        "edges": [Edge("a", "b")],
        "counts": {"met": 20, "failing": 6, "accepted": 2, "not_evaluated": 3},
        "results": ["met", "met", "failing", "not_evaluated", "accepted"],
        "filter": Filter(),
        "form": Needed({}),
        "request": RequestFactory().get("/kit"),
        "shortcuts_off": shortcuts_off,
    }
    shell = {"nav": NAV, "tabs": NAV[0]["items"], "user": Somebody("Dana Whitlock"), "portal_name": "ztportal"}
    return Template(SOURCE).render(Context({**shell, **values, "sample_bar": True, "organisation": "Fenwick Mutual"}))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser, where there is one."""
    if not os.environ.get("ZTPORTAL_CHROMIUM"):
        missing("Chromium (ZTPORTAL_CHROMIUM)")
    if finders.find("vendor/plotly-basic.min.js") is None:
        missing("the chart bundle (static_build)")
    with sync_playwright() as playwright:
        path, arguments = os.environ["ZTPORTAL_CHROMIUM"], ["--no-sandbox", "--headless", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open the kit page; afterwards nothing may have been reported to the console."""
    complaints: list[str] = []
    contexts = []

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).split("?")[0]
        if path.startswith("/static/"):
            route.fulfill(path=Path(str(finders.find(path.removeprefix("/static/")))))
        else:
            body = html(path == "/off") if path in ("/kit", "/off") else "<!doctype html><title>elsewhere</title>"
            policy = {"Content-Security-Policy": POLICY}
            route.fulfill(body=body, content_type="text/html; charset=utf-8", headers=policy)

    def opened(path: str = "/kit", *, width: int = 1440, scheme: Any = "light") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.emulate_media(reduced_motion="reduce")
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route("**/*", answer)
        page.goto(ORIGIN + path)
        page.wait_for_selector("#steps-plot .main-svg")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(visit: Callable[..., Page], width: int, scheme: str) -> None:
    page = visit(width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


def test_charts_draw_in_the_colours_of_the_theme_and_follow_it(visit: Callable[..., Page]) -> None:
    page = visit()
    stroke = "getComputedStyle(document.querySelector('#steps-plot .js-line')).stroke"
    light = page.evaluate(stroke)
    assert light == "rgb(21, 135, 122)"
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate("document.documentElement.dispatchEvent(new CustomEvent('themechange'))")
    page.wait_for_function(f"{stroke} === 'rgb(37, 143, 129)'")
    assert page.locator("#line-plot .annotation-text").all_text_contents()[:1] == ["72 % met"]


def test_a_click_on_a_bar_opens_its_page(visit: Callable[..., Page]) -> None:
    page = visit()
    bar = page.locator("#days-plot .point path").nth(10)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#days-plot .hovertext")
    assert page.locator("#days-plot .hovertext").text_content() == "6 Nov 2026: 10 events"
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(f"{ORIGIN}/findings")


def test_keys_search_list_and_jump(visit: Callable[..., Page]) -> None:
    page = visit()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("?gf")
    assert page.url == f"{ORIGIN}/kit"
    assert page.locator(".side input[name=q]").input_value() == "?gf"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.locator("#shortcuts").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("f")
    page.wait_for_url(f"{ORIGIN}/findings")


def test_keys_are_dead_where_they_are_switched_off(visit: Callable[..., Page]) -> None:
    page = visit("/off")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.tagName") == "BODY"


def test_errors_take_the_focus_filters_narrow_and_escape_closes(visit: Callable[..., Page]) -> None:
    page = visit()
    assert page.evaluate("document.activeElement.className") == "errors"
    page.click(".fpanel summary")
    page.fill("[data-narrow]", "kind 1")
    assert page.locator(".opts li:visible").count() == 3
    page.keyboard.press("Escape")
    assert page.locator(".fpanel .panel").is_hidden()
    page.click("details.confirm summary")
    assert page.locator("details.confirm .panel").is_visible()
    box = page.locator("details.confirm .panel").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1440
    page.click("h1")
    assert page.locator("details.confirm .panel").is_hidden()
