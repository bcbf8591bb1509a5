"""Files of authorization details: pages in any order, what is broken or made to hurt, and the import as a whole."""

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.inventory.importers.aws_iam import FORMAT, evaluate
from apps.inventory.models import Entitlement, Identity, Source
from apps.inventory.records import ENTITLEMENT, IDENTITY, UnrecognisedInput
from tests.inventory.exports import imported, totals, write
from tests.inventory.given import put_all
from tests.inventory.iam import (
    ACCOUNT,
    Row,
    allow,
    arn,
    attached,
    deny,
    export,
    given,
    group,
    inline,
    operations,
    policy,
    read,
    role,
    trusting,
    user,
)

INVOKE = "sagemaker:InvokeEndpoint"
POLICY = attached(arn("policy", "calls"))


def written(document: str) -> list[Row]:
    """Return an inline policy of which the document is this text."""
    return [{"PolicyName": "p", "PolicyDocument": document}]


def test_pages_are_put_together_whatever_their_order(tmp_path: Path) -> None:
    """The policy stands on the last page, the user on the first; only the last page says that there is no more."""
    first = export(user("ann", AttachedManagedPolicies=POLICY, GroupList=["g"]), IsTruncated=True, Marker="AAA")
    second = export(group("g", allow("bedrock:InvokeModel")), role("job"), IsTruncated="true", Marker="BBB")
    last = export(policy("calls", allow(INVOKE)))
    for order, pages in enumerate(([first, second, last], [last, second, first], [[first, second, last]])):
        found = read(tmp_path / str(order), *pages)
        assert operations(found, "ann") == {("endpoint.call", "*")}
        assert (found.covered[IDENTITY].complete, found.covered[ENTITLEMENT].complete) == (True, True)
    part = read(tmp_path / "part", first, second)
    assert not part.covered[IDENTITY].complete and not part.covered[ENTITLEMENT].complete
    assert [row["operation"] for row in given(part, "ann")] == ["endpoint.call", "policy calls"]


def test_a_list_that_is_not_there_says_of_nobody_that_they_are_gone(tmp_path: Path) -> None:
    page = {"UserDetailList": [user("ann")], "IsTruncated": False}
    assert not read(tmp_path, page).covered[IDENTITY].complete


@pytest.mark.parametrize(
    ("row", "where", "reason"),
    [
        (user("ann") | {"Arn": None}, "$.UserDetailList[1].Arn", "missing"),
        (user("ann") | {"Arn": "arn:aws:s3:::x"}, "$.UserDetailList[1].Arn", "no ARN of a user"),
        (user("ann") | {"UserName": 7}, "$.UserDetailList[1].UserName", "text was expected"),
        (user("ann", CreateDate="yesterday"), "$.UserDetailList[1].CreateDate", "not a time"),
        (user("ann", CreateDate=10**30), "$.UserDetailList[1].CreateDate", "not a time"),
        (user("ann", UserPolicyList="all"), "$.UserDetailList[1].UserPolicyList[0]", "an object was expected"),
        (user("ann", GroupList=[["g"]]), "$.UserDetailList[1].GroupList[0]", "name of a group"),
        (user("ann", allow(7)), "$.UserDetailList[1].UserPolicyList[0].PolicyDocument.Statement[0].Action[0]", "text"),
        (user("ann", allow(" ")), "PolicyDocument.Statement[0].Action[0]", "text"),
        (user("ann", allow(INVOKE) | {"Effect": "allow"}), "Statement[0].Effect", "Allow or Deny"),
        (user("ann", allow(INVOKE) | {"NotAction": "x"}), "Statement[0]", "either Action or NotAction"),
        (user("ann", {"Effect": "Allow", "Action": "*"}), "Statement[0]", "either Resource or NotResource"),
        (user("ann", allow(INVOKE, Condition=["x"])), "Statement[0].Condition", "an object"),
        (user("ann", *[allow(INVOKE)] * 1001), "PolicyDocument.Statement", "1,001 statements"),
        (user("ann", allow(["a:b"] * 3 + [f"a:{n}" for n in range(6000)])), "Statement", "AWS stores no such policy"),
        (user("ann", allow("a" * 3000)), "Action[0]", "longer than 2,048"),
        (user("ann", UserPolicyList=written("%7B" * 9)), "PolicyDocument", "cannot be read"),
        (user("ann", UserPolicyList=written("[" * 99_999)), "PolicyDocument", "nests"),
        (user("ann", UserPolicyList=written("%ff%fe")), "PolicyDocument", "cannot be read"),
        (user("ann", UserPolicyList=written("x" * 200_001)), "PolicyDocument", "200,001"),
        ("ann", "$.UserDetailList[1]", "an object was expected, not text"),
        (user("bob"), "$.UserDetailList[1].Arn", "appears twice"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_named_and_the_rest_is_taken(tmp_path: Path, row: Any, where: str, reason: str) -> None:
    page: Row = export(user("bob", allow(INVOKE)))
    page["UserDetailList"].append(row)
    found = read(tmp_path, page)
    assert len(found.rejected) == 1 and where in found.rejected[0].where and reason in found.rejected[0].reason
    assert operations(found, "bob") == {("endpoint.call", "*")}


def test_a_policy_that_cannot_be_read_is_told_by_everybody_who_has_it(tmp_path: Path) -> None:
    broken = policy("calls", DefaultVersionId="v9")
    broken["PolicyVersionList"][0]["IsDefaultVersion"] = False
    found = read(tmp_path, export(user("ann", AttachedManagedPolicies=POLICY), broken))
    assert "no version of it is marked" in found.reasons()[0]
    assert [row["not_evaluated"] for row in given(found, "ann")] == ["its document cannot be read"]


def test_a_list_of_one_written_as_the_one(tmp_path: Path) -> None:
    """The example of the AWS documentation does so."""
    rows = (user("ann", GroupList="g"), group("g", AttachedManagedPolicies=POLICY[0]), policy("calls", allow(INVOKE)))
    assert operations(read(tmp_path, export(*rows)), "ann") == {("endpoint.call", "*")}


def test_what_is_none_of_it_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(UnrecognisedInput, match="recognised nothing of an answer of get-account"):
        read(tmp_path, {"Users": []})
    with pytest.raises(UnrecognisedInput, match="the account 'me'"):
        read(tmp_path / "o", export(user("ann")), own_accounts="me")


def test_detection_names_the_account(tmp_path: Path) -> None:
    found = FORMAT.detect(put_all(tmp_path, {"a.json": export(user("ann"))}))
    assert (found.score > 90, found.source_name) == (True, f"aws-iam-{ACCOUNT}")
    assert FORMAT.detect(put_all(tmp_path / "n", {"a.json": {"Users": []}, "b.csv": "user,arn\n"})).score == 0


def test_a_crowd_of_hostile_policies_ends_soon(tmp_path: Path) -> None:
    """Three hundred users who share groups full of wildcards and denials, and may take each other's roles."""
    stars = [f"arn:aws:sagemaker:*:*:endpoint/{'*a' * 40}{n}" for n in range(60)]
    groups = [group(f"g{n}", allow("sagemaker:*", stars), deny("*", stars[::2] + ["*" * 30 + "x"])) for n in range(5)]
    trust = trusting(AWS=f"arn:aws:iam::{ACCOUNT}:root")
    roles = [role(f"r{n}", allow(["sts:AssumeRole", "bedrock:*"]), trust=trust) for n in range(40)]
    users = [user(f"u{n}", allow("sts:AssumeRole"), GroupList=[f"g{n % 5}"]) for n in range(300)]
    started = time.monotonic()
    found = read(tmp_path, export(*users, *groups, *roles))
    assert len(found.of(IDENTITY)) == 340 and time.monotonic() - started < 60
    assert not found.rejected


def test_work_without_end_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files can ask for more comparisons than a computer makes in a year."""
    monkeypatch.setattr(evaluate, "MAX_WORK", 100_000)
    many = [f"arn:aws:sagemaker:*:*:endpoint/{n}*" for n in range(1000)]
    with pytest.raises(UnrecognisedInput, match="more wildcards and denials than can be evaluated"):
        read(tmp_path, export(user("ann", allow("sagemaker:*", many), *[deny(INVOKE, one) for one in many[:900]])))


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["utf-16", "utf-8-sig", "gzip", "plain"])
def test_the_import_twice_and_what_is_gone(tmp_path: Path, form: str) -> None:
    page = export(user("ann", allow(INVOKE)), user("bob", allow("bedrock:*")), role("job", allow(INVOKE)))
    text = json.dumps(page)
    data = gzip.compress(text.encode()) if form == "gzip" else text.encode("utf-8" if form == "plain" else form)
    path = write(tmp_path / "details.json", data)
    found = imported("auto", path)
    assert (found["format"], totals(found), found["rejected"]) == (FORMAT.name, (3, 0, 0, 0), [])
    assert found["complete"] and found["source"] == f"aws-iam-{ACCOUNT}"
    assert {row["kind"] for row in found["not_evaluated"]} == {ENTITLEMENT}
    again = imported("auto", path)
    assert totals(again) == (0, 0, 3, 0)
    assert again["by_kind"][ENTITLEMENT]["unchanged"] == found["by_kind"][ENTITLEMENT]["created"] > 2
    page["UserDetailList"][0]["UserPolicyList"] = inline(
        allow("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/*")
    )
    page["UserDetailList"].pop()
    less = imported("auto", write(tmp_path / "less.json", json.dumps(page).encode()))
    assert totals(less) == (0, 0, 2, 1)
    assert set(Entitlement.objects.present().values_list("identity__name", "scope")) == {
        ("ann", "arn:aws:bedrock:*::foundation-model/*"), ("job", "*"),
    }  # fmt: skip
    assert Source.objects.get().brings_ai_entitlements


@pytest.mark.django_db
def test_a_truncated_file_and_a_shrunken_account_change_nothing(tmp_path: Path) -> None:
    rows = [user(f"u{n}", allow(INVOKE)) for n in range(10)]
    imported("auto", write(tmp_path / "a.json", json.dumps(export(*rows)).encode()))
    cut = json.dumps(export(*rows)).encode()[:-200]
    with pytest.raises(CommandError, match="it is not JSON"):
        imported("auto", write(tmp_path / "b.json", cut))
    with pytest.raises(CommandError, match="under half"):
        imported("auto", write(tmp_path / "c.json", json.dumps(export(*rows[:3])).encode()))
    assert Identity.objects.present().count() == 10


@pytest.mark.django_db
def test_what_could_not_be_read_today_is_not_gone(tmp_path: Path) -> None:
    page = export(user("ann", allow(INVOKE)), user("bob", allow(INVOKE)))
    imported("auto", write(tmp_path / "a.json", json.dumps(page).encode()))
    page["UserDetailList"][0]["UserPolicyList"][0]["PolicyDocument"] = "%7B"
    found = imported("auto", write(tmp_path / "b.json", json.dumps(page).encode()))
    assert len(found["rejected"]) == 1 and not found["complete"]
    assert Entitlement.objects.present().filter(identity__name="ann", operation="endpoint.call").exists()


@pytest.mark.django_db
def test_more_rows_take_no_more_queries(tmp_path: Path) -> None:
    def queries(users: int) -> int:
        bucket = "arn:aws:s3:::sagemaker-x/*"
        rows = [user(f"u{n}", allow(["sagemaker:*", "s3:GetObject"], ["*", bucket])) for n in range(users)]
        path = write(tmp_path / f"{users}.json", json.dumps(export(*rows)).encode())
        with CaptureQueriesContext(
            connection,
        ) as counted:
            imported("auto", path, source=f"of {users}")
        return len(counted)

    queries(1)  # what is asked once a process
    assert queries(5) == queries(80)
