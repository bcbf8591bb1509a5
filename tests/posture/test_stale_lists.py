"""A check of accounts is as blind as their list is old, whatever else its source told since."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.core import clock
from apps.posture.models import Result
from tests.inventory.exports import imported, write

CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"
USER = {"id": "u1", "userPrincipalName": "ann@acme.example", "displayName": "Ann", "accountEnabled": True}


@pytest.mark.django_db
def test_registered_factors_alone_do_not_freshen_the_last_sign_in(tmp_path: Path) -> None:
    old = clock.now() - timedelta(days=80)
    user = {**USER, "signInActivity": {"lastSignInDateTime": (old - timedelta(days=1)).isoformat()}}
    users = {"@odata.context": f"{CONTEXT}users", "value": [user]}
    methods = {**USER, "isMfaRegistered": True, "methodsRegistered": ["fido2SecurityKey"]}
    details = {"@odata.context": f"{CONTEXT}reports/authenticationMethods/userRegistrationDetails", "value": [methods]}
    imported("auto", write(tmp_path / "u.json", json.dumps(users)), source="entra", observed_at=old.isoformat())
    imported("auto", write(tmp_path / "r.json", json.dumps(details)), source="entra")
    call_command("run_checks", check=["ID-01", "ID-04"])
    assert dict(Result.objects.values_list("check_id", "outcome")) == {"ID-01": "met", "ID-04": "not_evaluated"}
    imported("auto", write(tmp_path / "u.json", json.dumps(users)), source="entra")
    call_command("run_checks", check=["ID-04"])
    assert Result.objects.get(check_id="ID-04", to_run__isnull=True).outcome == "failing"


@pytest.mark.django_db
def test_registered_factors_alone_do_not_freshen_whether_an_account_is_enabled(tmp_path: Path) -> None:
    old = clock.now() - timedelta(days=80)
    people = "employee_id,name,email,status\n7,Ann,ann@acme.example,left\n"
    users = {"@odata.context": f"{CONTEXT}users", "value": [{**USER, "mail": "ann@acme.example"}]}
    details = {
        "@odata.context": f"{CONTEXT}reports/authenticationMethods/userRegistrationDetails",
        "value": [{**USER, "isMfaRegistered": True, "methodsRegistered": ["fido2SecurityKey"]}],
    }
    imported("people-csv", write(tmp_path / "p.csv", people), source="hr", observed_at=old.isoformat())
    imported("auto", write(tmp_path / "u.json", json.dumps(users)), source="entra", observed_at=old.isoformat())
    imported("auto", write(tmp_path / "r.json", json.dumps(details)), source="entra")
    call_command("run_checks", check=["ID-05"])
    assert dict(Result.objects.values_list("outcome", "reason")) == {"not_evaluated": "stale"}
    imported("auto", write(tmp_path / "u.json", json.dumps(users)), source="entra")
    call_command("run_checks", check=["ID-05"])
    assert Result.objects.get(check_id="ID-05", to_run__isnull=True).outcome == "failing"
