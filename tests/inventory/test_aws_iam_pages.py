"""What people see of authorization details: the preview of an upload, the account with the way of its access."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.inventory.models import Entitlement, Identity, Import
from apps.inventory.services.intake import work_on
from tests.cast import Cast
from tests.inventory.exports import imported, write
from tests.inventory.iam import allow, export, group, user

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>"
OFFICE = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}


def details() -> bytes:
    """Return an account whose group has a hostile name and a condition."""
    rows = (user("ann", GroupList=[HOSTILE]), group(HOSTILE, allow("sagemaker:InvokeEndpoint", Condition=OFFICE)))
    return json.dumps(export(*rows)).encode()


def test_the_preview_of_an_upload_says_what_is_not_evaluated(cast: Cast, signed_in: Callable[[str], Client]) -> None:
    client = signed_in("security_admin")
    file = SimpleUploadedFile("details.json", details())
    form = {"files": file, "format": "auto", "mapping": "model_buckets=fenwick-models"}
    address = client.post("/setup/sources/upload", form)["Location"]
    owner = Import.objects.get()
    assert (owner.format, owner.options) == ("aws-iam-authorization-details", {"model_buckets": "fenwick-models"})
    work_on(owner.pk)
    page = client.get(address).content.decode()
    assert "Not evaluated" in page and "Conditions" in page and not Entitlement.objects.exists()


def test_an_account_shows_the_way_of_its_access(tmp_path: Path, cast: Cast, signed_in: Callable[[str], Client]) -> None:
    imported("auto", write(tmp_path / "details.json", details()))
    identity = Identity.objects.get(name="ann")
    page = signed_in("ciso").get(f"/identities/{identity.pk}").content.decode()
    assert "not evaluated: a condition on aws:SourceIp" in page
    assert "&lt;img src=x" in page and HOSTILE not in page
