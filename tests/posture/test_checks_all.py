"""What holds for every shipped check: references, words, plans of the database, and what a run keeps of it."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Exists, F, OuterRef

from apps.accounts.models import User
from apps.core import clock
from apps.core.sql import _select
from apps.governance.models import RiskException
from apps.governance.standards import control, frameworks
from apps.integrity.models import Artifact, Signature
from apps.inventory.models import Asset, Identity
from apps.posture.models import Finding, Result
from apps.posture.outcomes import judge, met
from apps.posture.services.spans import JUDGED
from apps.posture.spec import CHECKS, CheckSpec
from apps.posture.states import REASON_LABELS
from tests.access.judged import misuse
from tests.factories import (
    NOW,
    make_asset,
    make_coverage,
    make_credential,
    make_entitlement,
    make_identity,
    make_person,
    make_source,
)
from tests.posture.conftest import run_now
from tests.posture.judging import HOSTILE, LONG_AGO
from tests.posture.scripted import scripted
from tests.reviews.judged import revoked

ACCESS = ("ID-02", "ID-06", "ID-07", "ID-08", "ID-09", "ID-10", "ID-13", "ID-14")
LATER = ("GV-04", "ID-03", "ID-11", "ID-12", "ID-15", "ID-16")
INITIAL = ("DA-05", "GV-01", "GV-02", "GV-07", "ID-01", "ID-04", "ID-05", "MD-01", "MD-03", "NH-01", "NH-02")
SHIPPED = tuple(sorted((*ACCESS, *INITIAL, *LATER)))


@pytest.fixture(params=SHIPPED)
def spec(request: pytest.FixtureRequest) -> CheckSpec:
    """Each shipped check."""
    return CHECKS[request.param]


def test_all_are_registered() -> None:
    """No more and no less."""
    assert sorted(spec.id for spec in CHECKS) == list(SHIPPED)


def test_references_have_titles(spec: CheckSpec) -> None:
    """Of every framework that ships; the edition of the check is the one that ships."""
    assert spec.refs
    for ref in spec.refs:
        shipped = frameworks().get(ref.framework)
        if shipped is None:
            assert ref.framework == "owasp-aisvs", "its titles are not shipped"
            continue
        known = control(ref.framework, ref.id)
        assert known is not None and known.title, ref
        assert known.edition == ref.edition


def test_a_check_is_declared_in_full(spec: CheckSpec) -> None:
    """What people read on its page; and its function exists in the CISA model."""
    assert all((spec.title, spec.question.endswith("?"), spec.why, spec.fix, spec.effort, spec.impact, spec.data))
    assert spec.stage == ("initial" if spec.id in (*INITIAL, "GV-04") else "")
    assert spec.parsed({}) == spec.defaults() == spec.parsed(spec.defaults())


@pytest.mark.django_db
def test_every_reason_has_words(spec: CheckSpec) -> None:
    """Each constant reason of the compiled query is declared, and nothing is declared that no case gives."""
    query = spec.evaluated(spec.defaults(), NOW).values_list("reason").query
    _, parameters = query.get_compiler(connection.alias).as_sql()
    given = {text for text in parameters if isinstance(text, str) and re.fullmatch(r"[a-z]+(_[a-z]+)*", text)}
    shared = {str(reason) for reason in REASON_LABELS}
    if spec.id != "MD-01":  # its reasons are the verdicts of the signatures
        assert set(spec.reasons) <= given
    assert not set(spec.reasons) & shared
    assert all(words and words[0].isupper() and not words.endswith(".") for words in spec.reasons.values())


def make_exception() -> None:
    """Make an exception whose compensating check is not met."""
    asker = User.objects.create_user("asker@fenwick.example", name="Asker")
    RiskException.objects.create(
        number=1, kind="finding", key="1", label=HOSTILE, severity="low", covers_check="GV-01", covers_kind="asset",
        covers_id=uuid4(), because="Later", comp_check="GV-02", comp_kind="asset", comp_id=uuid4(), comp_label=HOSTILE,
        ends_on=clock.now().date() + timedelta(days=9), asked_by=asker, asked_at=clock.now(), needed=1, state="active",
        active_at=clock.now(),
    )  # fmt: skip


def fill() -> None:
    """Make one failing subject of every check, with a hostile name."""
    source = make_source(name=HOSTILE, observed_at=clock.now())
    leaver = make_person(status="left")
    fields: dict[str, Any] = {
        "password_sign_in": "yes",
        "mfa_known": "yes",
        "use_state": "used",
        "last_used_at": LONG_AGO,
        "external": "yes",
    }
    identity = make_identity(source=source, name=HOSTILE, person=leaver, **fields)
    data = make_asset(kind="dataset", name=HOSTILE, classification="confidential")
    access = make_entitlement(identity, privileged="yes", full_access="yes", asset=data, granted_at=LONG_AGO)
    make_coverage(source, "entitlement", observed_at=clock.now())
    revoked(access, LONG_AGO)
    make_credential(identity, name=HOSTILE, rotated_at=LONG_AGO, use_state="used", last_used_at=LONG_AGO)
    make_source(name="old", observed_at=LONG_AGO)
    model = make_asset(name=HOSTILE, last_seen_at=LONG_AGO)
    make_asset(kind="model_version", parent=model, version="1", version_number=1, runs_code="yes")
    misuse(model, clock.now())
    make_exception()


@pytest.mark.django_db
def test_a_run_finds_each_and_a_second_run_writes_nothing() -> None:
    """Through the same rows as the command; names are kept as they came."""
    fill()
    run = run_now()
    assert set(Finding.objects.values_list("check_id", flat=True)) == set(SHIPPED)
    labels = Finding.objects.exclude(check_id="GV-07").values_list("subject_label", flat=True)
    assert all(HOSTILE in label for label in labels)
    for result in Result.objects.filter(outcome="failing"):
        assert result.evidence["expected"] and result.reason in CHECKS[result.check_id].reasons
    assert not run.tasks.filter(state="error").exists()
    written = Result.objects.count()
    again = run_now()
    assert Result.objects.count() == written and not Result.objects.filter(from_run=again.pk).exists()


@pytest.mark.django_db
def test_what_is_gone_is_in_no_count() -> None:
    """After everything is gone no check counts anything but the sources and exceptions."""
    fill()
    Identity.objects.update(gone_at=NOW)
    Asset.objects.update(gone_at=NOW)
    for spec in CHECKS:
        assert spec.evaluated(spec.defaults(), clock.now()).exists() == (spec.id in ("GV-04", "GV-07")), spec.id


def plan_of(spec: CheckSpec) -> list[str]:
    """Return each full scan below a correlated subquery, and each index that SQLite makes only for this query."""
    sql, parameters = _select(spec.evaluated(spec.defaults(), NOW), JUDGED)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
            plan = cursor.fetchone()[0]
            return list(_scans_in_subplans((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        rows = cursor.fetchall()
    repeated: set[int] = set()
    found = []
    for node, parent, _, detail in rows:
        if detail.startswith("CORRELATED") or parent in repeated:
            repeated.add(node)
        if "AUTOMATIC" in detail or (node in repeated and detail.startswith("SCAN ")):
            found.append(detail)
    return found


def _scans_in_subplans(node: dict[str, Any], inside: bool = False) -> Iterator[str]:
    """Yield sequential scans in plans that PostgreSQL runs again for each row."""
    inside = inside or (node.get("Parent Relationship") == "SubPlan" and "hashed" not in node.get("Subplan Name", ""))
    if inside and node["Node Type"] == "Seq Scan":
        yield f"Seq Scan of {node['Relation Name']}"
    for child in node.get("Plans", []):
        yield from _scans_in_subplans(child, inside)


@pytest.mark.django_db
def test_no_table_is_read_from_end_to_end_for_each_subject(spec: CheckSpec) -> None:
    """What a check asks of each subject, it asks through an index."""
    assert plan_of(spec) == []


@pytest.mark.django_db
def test_the_yardstick_sees_such_a_reading() -> None:
    """A question by a column that has no index."""
    namesakes = Identity.objects.filter(department=OuterRef("department"), enabled="no")
    spec = scripted("TS-05", lambda rows, *_: judge(rows, [met(Exists(namesakes))], evidence={}, label=F("name")))
    assert plan_of(spec)


@pytest.mark.django_db
@pytest.mark.parametrize("check_id", ["MD-01", "MD-03"])
def test_the_deployed_version_is_looked_up_once(check_id: str) -> None:
    """In one place of the statement, however many columns speak of it; the verdict in at most five."""
    sql, _ = _select(CHECKS[check_id].evaluated(CHECKS[check_id].defaults(), NOW), JUDGED)
    assert sql.count('."parent_id" = ("inventory_asset"."id")') == 1
    assert sql.count(f'FROM "{Signature._meta.db_table}"') <= 5
    assert sql.count(f'FROM "{Artifact._meta.db_table}"') <= 10
