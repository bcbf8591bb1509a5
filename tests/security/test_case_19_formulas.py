"""Case 19: no cell of any export is a formula."""

import csv
import io

import pytest
from django.db import models
from django.urls import NoReverseMatch, reverse

from apps.access.models import Grant
from apps.accounts.models import Team, User
from apps.connectors.models import Connection
from apps.inventory.models import Asset, Identity, Import, Person, RejectedRecord, Source
from apps.posture.models import Finding, Result
from apps.reviews.models import Campaign, Removal
from tests.architecture.routes import ROWS
from tests.security.world import World, person

FORMULAS = ("=cmd|' /C calc'!A0", " +1+1", "\t@SUM(A1)", "\r-2+3", "@x", "-1+cmd", "  =1", "\n=1", '"=1', "\u200b=1")
STARTS = ("=", "+", "-", "@", "\t", "\r")
HOSTILE: tuple[tuple[type[models.Model], tuple[str, ...]], ...] = (
    (Asset, ("name", "business_unit", "environment", "classification")),
    (Identity, ("name", "login", "email")),
    (Person, ("name", "email", "job_title", "team_name")),
    (Source, ("format",)),
    (Import, ("problem", "digest")),
    (RejectedRecord, ("file", "where", "reason")),
    (Finding, ("subject_label",)),
    (Result, ("subject_label", "reason")),
    (User, ("name",)),
    (Team, ("business_unit",)),
    (Grant, ("asset_label",)),
    (Connection, ("last_error",)),
    (Campaign, ("name",)),
    (Removal, ("last_problem",)),
)
#: Lists of one's own, and who has rows in them; the other lists show the auditor everything.
OWN = {"access:mine": "owner", "governance:exceptions": "ciso", "reviews:sheet_items": "manager"}


def is_number(cell: str) -> bool:
    """Return whether a cell is a plain number, which may be negative."""
    try:
        float(cell)
    except ValueError:
        return False
    return not cell.startswith(("+", "\t", "\r"))


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_export_has_a_formula(world: World, formula: str) -> None:
    """Every text that an export could show is a formula; every cell of every CSV route is looked at."""
    for model, fields in HOSTILE:
        model._default_manager.update(**dict.fromkeys(fields, formula))
    clients, cells = {name: person(world.cast, name) for name in {"auditor", *OWN.values()}}, 0
    for row in ROWS:
        kwargs = dict(world.kwargs.get(row.of, {}).get("ours", {}))
        try:
            url = reverse(row.name, kwargs={**kwargs, **row.extra, "export": "csv"})
        except NoReverseMatch:
            continue
        answer = clients[OWN.get(row.name, "auditor")].get(url)
        assert answer.status_code == 200, url
        text = b"".join(answer).decode()
        for line in csv.reader(io.StringIO(text, newline="")):
            for cell in line:
                cells += 1
                risky = cell.startswith(STARTS) or cell.lstrip().startswith(STARTS)
                assert not risky or is_number(cell), (url, cell)
        assert formula.strip() in text or "audit" in url or "checks" in url or "runs" in url, url
    assert cells > 100
