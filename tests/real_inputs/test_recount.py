"""Checks, metrics and the overview against a plain recount of the raw files."""

import html
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from apps.core import clock
from apps.core.metrics import METRICS
from apps.posture.queries.findings import ResultFilters, result_list
from apps.posture.spec import CHECKS
from tests.cast import Cast
from tests.posture.conftest import ACTOR
from tests.real_inputs import recount
from tests.real_inputs.run import imported

pytestmark = [pytest.mark.real_inputs, pytest.mark.django_db]
OUTCOMES = ("met", "failing", "not_evaluated", "not_applicable")


def checked(*checks: str, as_of: str | None = None) -> dict[str, Counter[str]]:
    """Run the checks with the command and return what it printed."""
    out = io.StringIO()
    call_command("run_checks", *[f"--check={check}" for check in checks], json=True, as_of=as_of, stdout=out)
    printed = json.loads(out.getvalue())["checks"]
    return {row["id"]: +Counter({outcome: row[outcome] for outcome in OUTCOMES}) for row in printed}


@pytest.fixture
def aws(real_inputs: Path) -> dict[int, Path]:
    folder = real_inputs / "aws-iam-credential-report"
    return {2017: folder / "report-2017-mfa.csv", 2023: folder / "report-2023-offset.csv"}


def import_everything(real_inputs: Path) -> None:
    """Import the five folders, each account and tenant as a source of its own."""
    for year in ("2017-mfa", "2023-offset"):
        path = real_inputs / "aws-iam-credential-report" / f"report-{year}.csv"
        imported("aws-iam-credential-report", path, source=f"aws-{year}")
    imported("microsoft-graph", real_inputs / "microsoft-graph", source="entra")
    imported("mlflow", real_inputs / "mlflow-3.17", source="registry")
    imported("openssf-model-signing", real_inputs / "openssf-model-signing", source="signatures")
    imported("people-csv", real_inputs / "hr-cert-ldap" / "2010-06.csv", source="hr")


def test_second_factors_and_use_of_each_source_alone(real_inputs: Path, aws: dict[int, Path]) -> None:
    """Imported one after the other, the counts add up."""
    now = clock.now()
    factors: Counter[str] = Counter()
    in_use: Counter[str] = Counter()
    for year, path in aws.items():
        imported("aws-iam-credential-report", path, source=f"aws-{year}")
        factors += recount.aws_second_factors(recount.report_rows(path))
        in_use += recount.aws_in_use(recount.report_rows(path), now)
        assert checked("ID-01", "ID-04") == {"ID-01": factors, "ID-04": in_use}
    folder = real_inputs / "microsoft-graph"
    imported("microsoft-graph", folder, source="entra")
    factors += recount.graph_second_factors(folder)
    in_use += recount.graph_in_use(folder, now)
    assert checked("ID-01", "ID-04") == {"ID-01": factors, "ID-04": in_use}
    assert factors == Counter(met=4, failing=6, not_evaluated=7, not_applicable=2)
    assert in_use == Counter(failing=11, not_evaluated=8)


@pytest.mark.parametrize(
    "day", ["2023-01-05", "2023-01-17", "2023-02-03", "2023-02-04", "2023-02-17T10:27:01", "2023-03-01"]
)
def test_use_of_an_aws_account_at_the_time(aws: dict[int, Path], day: str) -> None:
    """Read and judged then: the limit passes over one user after the other."""
    when = f"{day if 'T' in day else day + 'T00:00:00'}+00:00"
    imported("aws-iam-credential-report", aws[2023], source="aws", observed_at=when)
    expected = recount.aws_in_use(recount.report_rows(aws[2023]), datetime.fromisoformat(when))
    assert checked("ID-04", as_of=when)["ID-04"] == expected


@pytest.mark.parametrize(
    "when", ["2021-08-01T16:41:33+00:00", "2021-08-01T16:41:34+00:00", "2021-09-12T17:53:43+00:00"]
)
def test_use_of_a_tenant_at_the_time(real_inputs: Path, when: str) -> None:
    """Exactly 45 days after a sign-in, and a second later."""
    folder = real_inputs / "microsoft-graph"
    imported("microsoft-graph", folder, source="entra", observed_at=when)
    expected = recount.graph_in_use(folder, datetime.fromisoformat(when))
    assert checked("ID-04", as_of=when)["ID-04"] == expected


def test_a_month_later_the_same_data_is_stale(aws: dict[int, Path]) -> None:
    """What applies is not evaluated any more, and what does not apply stays outside."""
    read = clock.now() - timedelta(days=31)
    imported("aws-iam-credential-report", aws[2023], source="aws", observed_at=read.isoformat())
    fresh = recount.aws_second_factors(recount.report_rows(aws[2023]))
    late = Counter(not_evaluated=fresh["met"] + fresh["failing"], not_applicable=fresh["not_applicable"])
    assert checked("ID-01")["ID-01"] == late


@pytest.mark.parametrize("trust", [False, True])
def test_signed_models(real_inputs: Path, trust: bool) -> None:
    """With the key beside the signature trusted, fraud-scorer alone is proven."""
    registry, folder = real_inputs / "mlflow-3.17", real_inputs / "openssf-model-signing"
    imported("mlflow", registry, source="registry")
    assert checked("MD-01")["MD-01"] == recount.signatures_of_models(registry) == Counter(failing=3)
    imported("openssf-model-signing", folder, source="signatures")
    key, bundle = folder / "mlflow-fraud-scorer-v2.public.pem", folder / "mlflow-fraud-scorer-v2.model.sig"
    foreign = folder / "upstream-keys" / "signing-key-pub.pem"
    call_command("trust_key", key if trust else foreign, name="A key")
    expected = recount.signatures_of_models(registry, bundle, key if trust else foreign)
    assert checked("MD-01")["MD-01"] == expected
    met = result_list(ACTOR, ResultFilters(check="MD-01", outcome="met"))
    assert [row.subject_label for row in met] == (["fraud-scorer"] if trust else [])


def test_metrics_and_the_overview(real_inputs: Path, cast: Cast, signed_in: Callable[[str], Client]) -> None:
    """The three numbers, computed, and as a CISO reads them."""
    import_everything(real_inputs)
    checked()
    tenant, registry = real_inputs / "microsoft-graph", real_inputs / "mlflow-3.17"
    rows = recount.report_rows(*sorted((real_inputs / "aws-iam-credential-report").glob("*.csv")))
    factors = recount.aws_second_factors(rows) + recount.graph_second_factors(tenant)
    now = clock.now()
    in_use = recount.aws_in_use(rows, now) + recount.graph_in_use(tenant, now)
    models = recount.signatures_of_models(registry)
    expected = {
        "mfa_coverage": (factors["met"], applicable(factors)),
        "stale_access": (in_use["failing"], applicable(in_use)),
        "unsigned_models": (models["failing"], applicable(models)),
    }
    computed = {key: METRICS[key].compute(None) for key in expected}
    assert {key: (ratio.numerator, ratio.denominator) for key, ratio in computed.items()} == expected
    assert expected == {"mfa_coverage": (4, 17), "stale_access": (11, 19), "unsigned_models": (3, 3)}
    page = signed_in("ciso").get("/posture")
    assert page.status_code == 200
    words = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page.content.decode())))
    for key, (numerator, denominator) in expected.items():
        assert f"{numerator} of {denominator} {METRICS[key].denominator}" in words


def applicable(tally: Counter[str]) -> int:
    """Return how many a question applies to."""
    return tally["met"] + tally["failing"] + tally["not_evaluated"]


def test_every_check_runs_over_everything(real_inputs: Path) -> None:
    """None fails to run, and no subject is without an outcome."""
    import_everything(real_inputs)
    found: dict[str, Any] = checked()
    assert set(found) == {spec.id for spec in CHECKS}
    assert sum(found["GV-07"].values()) == 6
    assert sum(found["MD-03"].values()) == len(recount.deployed(real_inputs / "mlflow-3.17"))
    assert found["MD-03"]["met"] == 1
