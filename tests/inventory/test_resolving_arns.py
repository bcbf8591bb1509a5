"""Which asset an entitlement of IAM names: by ARN, by kind and name, by where the asset is stored."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.inventory.models import Entitlement, Import
from apps.inventory.resolve.arns import named_by, resolve_arns
from tests.factories import make_asset
from tests.inventory.exports import imported, write
from tests.inventory.iam import ACCOUNT, allow, export, user

pytestmark = pytest.mark.django_db
PLACE = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}"
BUCKET = "arn:aws:s3:::ml-data"


def take(tmp_path: Path, *statements: Any) -> dict[tuple[str, str], Entitlement]:
    """Import one user and return their entitlements by operation and scope."""
    imported("auto", write(tmp_path / "a.json", json.dumps(export(user("ann", *statements))).encode()))
    return {(row.operation, row.scope): row for row in Entitlement.objects.select_related("asset")}


def test_by_kind_and_name_whatever_the_letters(tmp_path: Path) -> None:
    asset = make_asset(name="Fraud", kind="endpoint")
    make_asset(name="fraud", kind="model")
    found = take(tmp_path, allow("sagemaker:InvokeEndpoint", [f"{PLACE}:endpoint/fraud", f"{PLACE}:endpoint/frau*"]))
    assert found[("endpoint.call", f"{PLACE}:endpoint/fraud")].asset == asset
    assert found[("endpoint.call", f"{PLACE}:endpoint/frau*")].asset is None


def test_a_name_that_two_share_names_none(tmp_path: Path) -> None:
    make_asset(name="fraud", kind="endpoint", slug="one")
    make_asset(name="fraud", kind="endpoint", slug="two")
    (row,) = take(tmp_path, allow("sagemaker:InvokeEndpoint", f"{PLACE}:endpoint/fraud")).values()
    assert row.asset is None


def test_data_by_its_place_and_then_it_is_ai(tmp_path: Path) -> None:
    payments = make_asset(name="payments", kind="dataset", location="s3://ml-data/payments/")
    make_asset(name="trips", kind="dataset", location="s3://ml-data/trips")
    found = take(
        tmp_path, allow(["s3:GetObject", "s3:PutObject"], [f"{BUCKET}/payments/*", f"{BUCKET}/*", f"{BUCKET}-x/*"])
    )
    one, all_of_it, none = (found[("data.curate", f"{BUCKET}{end}")] for end in ("/payments/*", "/*", "-x/*"))
    assert (one.asset, one.on_ai, one.privileged) == (payments, "yes", "yes")
    assert (all_of_it.asset, all_of_it.on_ai) == (None, "yes")
    assert (none.asset, none.on_ai, none.privileged) == (None, "unknown", "unknown")


def test_a_bucket_of_model_versions_holds_weights(tmp_path: Path) -> None:
    model = make_asset(name="fraud", kind="model")
    for number in (1, 2):
        make_asset(name="fraud", version=str(number), kind="model_version", parent=model, slug=f"fraud-{number}",
                   location=f"s3://ml-data/models/{number}")  # fmt: skip
    (row,) = take(tmp_path, allow("s3:GetObject", f"{BUCKET}/models/*")).values()
    assert (row.operation, row.asset, row.on_ai) == ("weights.read", model, "yes")


def test_an_asset_that_is_gone_is_named_no_more_and_a_new_one_is(tmp_path: Path) -> None:
    asset = make_asset(name="fraud", kind="endpoint")
    (row,) = take(tmp_path, allow("sagemaker:InvokeEndpoint", f"{PLACE}:endpoint/fraud")).values()
    assert row.asset == asset
    asset.gone_at = clock.now()
    asset.save()
    other = make_asset(name="FRAUD", kind="endpoint", slug="fraud-2")
    resolve_arns(Import.objects.get(), clock.now())
    row.refresh_from_db()
    assert row.asset == other
    other.delete()
    resolve_arns(Import.objects.get(), clock.now())
    row.refresh_from_db()
    assert row.asset is None


@pytest.mark.parametrize(
    ("arn", "named"),
    [
        (f"{PLACE}:endpoint/Fraud", ("endpoint", "fraud")),
        (f"{PLACE}:model-package-group/x", ("model", "x")),
        (f"{PLACE}:model-package/x/1", None),
        (f"{PLACE}:endpoint/${{aws:username}}", None),
        ("arn:aws:bedrock:eu-central-1:1:agent/A1", ("agent", "a1")),
        ("arn:aws:s3:::x/y", None),
        ("arn:aws", None),
    ],
)
def test_what_an_arn_names(arn: str, named: Any) -> None:
    assert named_by(arn) == named


def test_more_rows_take_no_more_queries(tmp_path: Path) -> None:
    make_asset(name="payments", kind="dataset", location="s3://ml-data/payments/")
    take(tmp_path, allow("s3:GetObject", [f"{BUCKET}/{n}/*" for n in range(90)]))
    owner, now = Import.objects.get(), clock.now()
    with CaptureQueriesContext(connection) as counted:
        resolve_arns(owner, now)
    assert len(counted) <= 8
