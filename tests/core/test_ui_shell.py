"""The shell and the blocks: one h1, landmarks, no inline script or style, colours only from tokens."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.html import format_html

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = 'x\u202e"><script>alert(1)</script>'
PAGE = "{% extends 'layouts/page.html' %}{% block title %}T{% endblock %}{% block heading %}Assets{% endblock %}"
NAV = [
    {"label": "", "items": [{"label": "Overview", "url": "/posture", "icon": "home", "current": True}]},
    {"label": "Setup", "items": [{"label": "Sources", "url": "/s", "icon": "plug", "current": False, "count": 3}]},
]


class Somebody(str):
    """A user as the shell needs one: a name and being signed in."""

    is_authenticated = True


def render(source: str, **context: Any) -> str:
    return " ".join(Template("{% load ui %}" + source).render(Context(context)).split())


def page(cookies: dict[str, str] | None = None, **context: Any) -> str:
    request = RequestFactory().get("/posture")
    request.COOKIES.update(cookies or {})
    values = {"request": request, "nav": NAV, "tabs": NAV[0]["items"], "user": Somebody("Dana Whitlock"), **context}
    return Template(PAGE).render(Context({"portal_name": "ztportal", **values}))


def test_a_page_has_one_heading_landmarks_and_a_skip_link() -> None:
    html = page()
    assert html.count("<h1>") == 1
    for part in ('href="#main"', 'id="main"', 'aria-label="Main"', 'lang="en"', "<title>T · ztportal</title>"):
        assert part in html
    assert html.count('aria-current="page"') == 3  # side bar, bottom tabs and the sheet behind More
    assert 'action="/search"' in html


def test_a_page_has_no_inline_script_style_or_handler() -> None:
    html = page(sample_bar=True, organisation=HOSTILE)
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", html)
    assert "<style" not in html
    assert " style=" not in html
    assert not re.search(r"\son[a-z]+=", html)
    assert "<script>alert" not in html


@pytest.mark.parametrize(("cookie", "attribute"), [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"')])
def test_the_theme_cookie_is_applied_by_the_server(cookie: str, attribute: str) -> None:
    assert attribute in page({"theme": cookie})


@pytest.mark.parametrize("cookie", ["", '"><script>', "system"])
def test_any_other_theme_is_the_systems(cookie: str) -> None:
    assert "data-theme=" not in page({"theme": cookie})


def test_the_sample_bar_is_on_the_page_only_with_sample_data() -> None:
    assert "Sample data." in page(sample_bar=True)
    assert "Sample data." not in page()


@pytest.mark.parametrize("name", ["400", "403", "404", "409", "429", "500", "domain"])
def test_error_pages_need_no_context(name: str) -> None:
    html = render_to_string(f"errors/{name}.html")
    assert html.count("<h1>") == 1
    assert " style=" not in html


def test_blocks_escape_foreign_text() -> None:
    entries = [{"at": datetime(2026, 11, 18, 2, 14, tzinfo=UTC), "text": HOSTILE, "actor": HOSTILE}]
    items = [{"label": HOSTILE, "url": "/x", "current": True, "count": 1234}]
    sources = (
        "{% banner h url='/x' action='Go' %}{% empty h h %}{% code_block h %}{% crumbs h '/x' h %}{% log entries %}"
        "{% facts pairs %}{% tabs items %}{% segmented items h %}{% data_table row rows h %}{{ h|safe_text }}"
    )
    html = render(
        sources, h=HOSTILE, entries=entries, items=items, pairs=[(HOSTILE, HOSTILE)], row=["a"], rows=[[HOSTILE]]
    )
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "18 Nov 2026, 02:14 UTC" in html
    assert ">1,234<" in html


def test_facts_say_unknown_and_keep_markup_made_here() -> None:
    html = render(
        "{% facts p %}", p=[("Owner", None), ("Hash", format_html("<code>{}</code>", "9f3c")), ("By", "P", "/p")]
    )
    assert "Unknown" in html
    assert "<code>9f3c</code>" in html
    assert '<a href="/p">P</a>' in html


def test_colours_and_inline_styles_stand_only_in_tokens() -> None:
    for sheet in (ROOT / "static" / "css").rglob("*.css"):
        if sheet.name != "tokens.css":
            text = sheet.read_text(encoding="utf-8").replace("url(#", "url(")
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", text), sheet


def test_every_icon_that_a_template_or_tag_names_is_in_the_sprite() -> None:
    known = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons/sprite.svg").read_text(encoding="utf-8")))
    named = set()
    for template in (ROOT / "templates").rglob("*.html"):
        found = re.findall(r'{% icon "([^"]+)"', template.read_text(encoding="utf-8"))
        named |= {name if name[:2] in ("i-", "g-") else f"i-{name}" for name in found}
    assert named <= known, named - known
