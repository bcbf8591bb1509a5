"""What a run keeps of each check is what the check's own queryset says, however the database was asked for it."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.inventory.models import Asset, Credential, Identity, Person
from apps.posture.models import Result, Run
from apps.posture.spec import CHECKS
from tests.factories import make_asset, make_credential, make_entitlement, make_identity, make_person
from tests.posture.conftest import run_now
from tests.posture.test_checks_all import fill

pytestmark = pytest.mark.django_db


def assert_kept(run: Run) -> set[tuple[str, str]]:
    """Compare every open span that the run opened with the queryset; return the outcomes seen, by check."""
    seen = set()
    for task in run.tasks.select_related("version"):
        names = ("pk", "outcome", "reason", "evidence", "subject_label")
        rows = CHECKS[task.check_id].evaluated(task.version.params, run.as_of).values_list(*names)
        said = {row[0]: row[1:] for row in rows}
        spans = Result.objects.filter(check_id=task.check_id, to_run__isnull=True)
        assert {span.subject_id for span in spans} == set(said)
        for span in spans:
            outcome, reason, evidence, label = said[span.subject_id]
            assert (span.outcome, span.reason) == (outcome, reason)
            if span.from_run == run.pk:
                assert span.subject_label == label
                assert span.evidence == ({} if outcome == "not_applicable" else evidence)
            seen.add((task.check_id, outcome))
    return seen


def test_the_first_run_keeps_what_the_checks_say() -> None:
    """Nothing to compare with; evidence of every type, with nothing known and with all known."""
    fill()
    now = clock.now()
    person = make_person(status="active", ended_on=now.date() + timedelta(days=9))
    make_person(status="left", ended_on=now.date() - timedelta(days=9))
    for fields in ({"password_sign_in": "no"}, {"kind": "service"}, {"use_state": "used", "last_used_at": now}):
        identity = make_identity(person=person, created_on_source_at=now, **fields)
        make_entitlement(identity, asset=make_asset(owner=person, owner_confirmed_at=now))
        make_credential(identity, created_on_source_at=now, use_state="never")
    seen = assert_kept(run_now())
    assert {("ID-01", "failing"), ("ID-01", "not_applicable"), ("NH-02", "met"), ("GV-01", "met")} <= seen


def test_later_runs_keep_what_has_changed() -> None:
    """Each run reads as the checks say, and a span that stays is the same row."""
    fill()
    run_now()
    assert run_now().written == 0
    now = clock.now()
    Identity.objects.update(last_used_at=now, password_sign_in="unknown")
    Credential.objects.update(rotated_at=now)
    Person.objects.update(ended_on=now.date() - timedelta(days=1))
    Asset.objects.filter(kind="dataset").update(location="s3://data", content_digest="00")
    stays = Result.objects.get(check_id="MD-03", to_run__isnull=True).pk
    run = run_now()
    assert assert_kept(run)
    assert run.written >= 8
    assert Result.objects.get(check_id="MD-03", to_run__isnull=True).pk == stays
    assert run_now().written == 0
