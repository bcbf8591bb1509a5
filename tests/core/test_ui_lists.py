"""Lists: sorting, filters, pages and exports keep each other's state in the address."""

from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory

from apps.core.ui.lists import Job, Step

HOSTILE = 'x\u202e"><script>alert(1)</script>'


class AssetFilter(forms.Form):
    """A search field, a choice of one, a choice of many and a yes."""

    q = forms.CharField(label="Find", required=False)
    tier = forms.ChoiceField(label="Tier", required=False, choices=[("", "Any"), ("1", "Tier 1"), ("2", "Tier 2")])
    kind = forms.MultipleChoiceField(label="Kind", required=False, choices=[(str(n), f"Kind {n}") for n in range(12)])
    late = forms.BooleanField(label="Late", required=False)


def render(source: str, path: str = "/assets", **context: Any) -> str:
    request = RequestFactory().get(path)
    return " ".join(Template("{% load ui %}" + source).render(Context({"request": request, **context})).split())


@pytest.mark.parametrize(
    ("sort", "link", "aria"),
    [
        ("", "?tier=1&amp;sort=name", ""),
        ("name", "?tier=1&amp;sort=-name", 'aria-sort="ascending"'),
        ("-name", "?tier=1&amp;sort=name", 'aria-sort="descending"'),
        ("owner", "?tier=1&amp;sort=name", ""),
    ],
)
def test_a_header_sorts_and_turns_round_and_forgets_the_page(sort: str, link: str, aria: str) -> None:
    html = render("{% th 'Asset' sort='name' %}", "/assets?tier=1&page=3", sort=sort)
    assert f'href="{link}"' in html
    assert aria in html
    assert ("aria-sort" in html) == bool(aria)


def test_a_plain_header_has_a_scope_and_no_link() -> None:
    assert render("{% th 'Open' numeric=True %}") == '<th scope="col" class="r ">Open</th>'


def test_pager_says_which_rows_of_how_many_and_keeps_the_filters() -> None:
    page = Paginator(range(5214), 50).page(2)
    html = render("{% pager page 'findings' %}", "/findings?tier=1&page=2", page=page)
    assert "51–100 of 5,214 findings" in html
    assert 'href="?tier=1&amp;page=1" rel="prev"' in html
    assert 'href="?tier=1&amp;page=3" rel="next"' in html


def test_pager_of_nothing_and_of_a_cursor() -> None:
    assert "0 findings" in render("{% pager page 'findings' %}", page=Paginator([], 50).page(1))
    html = render("{% pager page 'events' %}", page=SimpleNamespace(previous="", next="c=1&x", shown=50))
    assert "50 events" in html
    assert "?cursor=c%3D1%26x" in html
    assert 'rel="prev"' not in html


def test_exports_keep_filters_and_drop_paging() -> None:
    html = render("{% export_links %}", "/assets/?tier=1&page=3")
    assert 'href="/assets.csv?tier=1"' in html
    assert 'href="/assets.json?tier=1"' in html


def test_filter_bar_shows_what_is_active_and_how_to_drop_it() -> None:
    path = "/assets?q=gbm&tier=1&kind=2&kind=3&sort=name&page=4"
    html = render("{% filter_bar form %}", path, form=AssetFilter({"q": "gbm"}))
    assert '<input type="hidden" name="sort" value="name">' in html
    assert 'name="page"' not in html
    assert 'type="search" id="f_q" name="q" value="gbm"' in html
    assert 'value="1" checked' in html
    assert "Tier<b>Tier 1</b>" in html
    assert "Kind<b>2</b>" in html
    assert 'href="/assets?q=gbm&amp;tier=1&amp;kind=3&amp;sort=name"' in html
    assert '<a class="clear" href="/assets?sort=name">Clear all</a>' in html


def test_long_choices_can_be_searched_and_short_ones_not() -> None:
    html = render("{% filter_bar form %}", form=AssetFilter())
    assert html.count("data-narrow") == 1
    assert 'aria-label="Find in Kind"' in html
    assert "Clear all" not in html


def test_hostile_filter_values_are_text() -> None:
    request = RequestFactory().get("/assets", {"q": HOSTILE, "other": HOSTILE})
    html = Template("{% load ui %}{% filter_bar f %}").render(
        Context({"request": request, "f": AssetFilter({"q": HOSTILE})})
    )
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_job_shows_real_counts_and_polls_only_while_it_runs() -> None:
    steps = (Step("Read", "done"), Step("Stage", "running", HOSTILE), Step("Apply"))
    running = Job("Import", "running", 1240, 3000, "objects", "2 min", steps=steps, poll_url="/jobs/1", cancel_url="/c")
    html = render("{% job j %}", j=running, csrf_token="tok")
    assert "1,240 of about 3,000 objects, 2 min left" in html
    assert 'hx-get="/jobs/1" hx-trigger="every 2s"' in html
    assert 'value="41"' in html
    assert "<script>alert" not in html
    done = render("{% job j %}", j=Job("Import", "done", 3000, 3000, poll_url="/jobs/1", cancel_url="/c"))
    assert "hx-get" not in done
    assert "Cancel" not in done
    failed = render("{% job j %}", j=Job("Import", "failed", 10, None, message=HOSTILE))
    assert "10 records" in failed
    assert "<script>alert" not in failed


def test_asof_names_stale_sources_and_what_it_counts() -> None:
    html = render("{% asof None %}")
    assert "Not evaluated yet" in html
    stale = ["feature store, last read 17 Nov"]
    html = render("{% asof None stale=s sources=12 facts=f %}", s=stale, f=[(4954, "applicable check results")])
    assert "1 of 12 sources is stale: feature store, last read 17 Nov" in html
    assert "<b>4,954</b> applicable check results" in html
