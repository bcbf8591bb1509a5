"""What the production account's policies give: the authorization details of one day, as the AWS CLI prints them."""

from __future__ import annotations

from random import Random
from typing import Any

from apps.portal.sample.cloud import PRODUCTION, CloudUser
from apps.portal.sample.timeline import Timeline

#: Policies are exported from the sixth week on.
CONNECTED = 35
#: On this day the gateway's wildcard policy became one for the models it calls.
NARROWED = 63
#: The account of a supplier that maintains a model, and the day on which its role became one for that.
SUPPLIER, SUPPLIER_NARROWED = "222233334444", 66
DATA = "arn:aws:s3:::fenwick-ml-data"
BUCKET = f"arn:aws:s3:::sagemaker-eu-central-1-{PRODUCTION}"

Record = dict[str, Any]


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{PRODUCTION}:{kind}/{name}"


def _document(*statements: Record) -> Record:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(action: str | list[str], resource: str | list[str], condition: Record | None = None) -> Record:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
TRAINING = _arn("role", "sagemaker-training")
_TO_SAGEMAKER = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
_WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
#: Managed policies by name.
POLICIES: dict[str, Record] = {
    "ml-train": _document(
        _allow(["sagemaker:Create*Job", "sagemaker:CreateModelPackage"], "*"),
        _allow("iam:PassRole", TRAINING, _TO_SAGEMAKER),
        _allow(["s3:GetObject", "s3:ListBucket"], f"{BUCKET}/*"),
    ),
    "ml-data-read": _document(_allow("s3:Get*", [f"{DATA}/loans/*", f"{DATA}/payments/*", f"{DATA}/telematics/*"])),
    "ml-serve": _document(_allow(["sagemaker:InvokeEndpoint", "sagemaker:UpdateEndpoint"], "*", _WITH_MFA)),
}
#: Groups: their managed policies, and who of the people with a console login is in them (every how-manieth).
GROUPS: dict[str, tuple[list[str], tuple[int, int, int]]] = {
    "ml-engineers": (["ml-train", "ml-data-read"], (1, 4, 8)),
    "ml-serving": (["ml-serve"], (2, 5, 6)),
    "platform-admins": ([ADMINISTRATOR], (0, 7, 3)),
}
#: Automation users with policies of their own.
OWN: dict[str, Record] = {
    "svc-retrain-nightly": _document(_allow("sagemaker:CreateTrainingJob", "*"), _allow("iam:PassRole", TRAINING)),
    "svc-pricing-score": _document(_allow("sagemaker:InvokeEndpoint", "*")),
    "svc-copilot-embed": _document(_allow("bedrock:Invoke*", "arn:aws:bedrock:*::foundation-model/*")),
    "svc-churn-export": _document(_allow("s3:GetObject", f"{DATA}/contact-centre/transcripts/*")),
    "svc-kyc-ingest": _document(_allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::fenwick-kyc-restricted/*")),
    "svc-claims-llm-gateway": _document(_allow("bedrock:*", "*")),
}
_NARROW = _document(_allow("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/*"))
_TRANSCRIPTS = _allow("s3:GetObject", f"{DATA}/contact-centre/transcripts/*")
_MAINTAIN = _document(_allow("sagemaker:InvokeEndpoint", "*"), _TRANSCRIPTS)
#: Roles of studies that are over: name, the folder they read, and the last day of use ("": never).
STUDIES: tuple[tuple[str, str, int | str], ...] = (
    ("chargeback-study-2025", "payments", -212),
    ("payments-replay", "payments", -64),
    ("merchant-risk-pilot", "payments", -38),
    ("hackday-card-graph", "payments", -171),
    ("instant-payments-poc", "payments", ""),
    ("scorecard-migration", "payments", -97),
    ("fraud-feature-backfill", "payments", -23),
    ("dispute-labels", "payments", -120),
    ("seasonality-notebook", "payments", -55),
    ("card-limits-simulation", "payments", ""),
    ("velocity-rules-check", "payments", -11),
    ("bureau-onboarding", "bureau", -143),
    ("thin-file-study", "bureau", -77),
    ("limit-increase-pilot", "bureau", ""),
)
#: Roles: who may take them, what they give, and the last day of use (None: daily, "": never).
ROLES: tuple[tuple[str, Record, Record, int | None | str], ...] = (
    ("sagemaker-training", {"Service": "sagemaker.amazonaws.com"},
     _document(_allow("s3:GetObject", f"{DATA}/*"), _allow("s3:PutObject", f"{BUCKET}/*")), None),
    ("AmazonBedrockExecutionRoleForAgents_claims", {"Service": "bedrock.amazonaws.com"},
     _document(_allow("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/*")), None),
    ("northlake-support", {"AWS": f"arn:aws:iam::{SUPPLIER}:root"},
     _document(_allow("sagemaker:*", "*"), _TRANSCRIPTS), 31),
    ("quarterly-scoring", {"AWS": f"arn:aws:iam::{PRODUCTION}:root"},
     _document(_allow("sagemaker:CreateTransformJob", "*")), ""),
    ("web-frontend", {"Service": "ec2.amazonaws.com"}, _document(_allow("ec2:Describe*", "*")), None),
    *((name, {"AWS": f"arn:aws:iam::{PRODUCTION}:root"}, _document(_allow("s3:GetObject", f"{DATA}/{folder}/*")), used)
      for name, folder, used in STUDIES),
)  # fmt: skip


def _instant(timeline: Timeline, day: int, seed: str) -> str:
    return timeline.at(day, Random(f"{seed}:{day}").randint(300, 1200)).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _attached(names: list[str]) -> list[Record]:
    arns = [name if name.startswith("arn:") else _arn("policy", name) for name in names]
    return [{"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn} for arn in arns]


def _inline(name: str, document: Record) -> list[Record]:
    return [{"PolicyName": name, "PolicyDocument": document}]


def _named(kind: str, name: str, made: str, number: str) -> Record:
    return {"Path": "/", f"{kind}Name": name, f"{kind}Id": number, "Arn": _arn(kind.lower(), name), "CreateDate": made}


def _users(users: list[CloudUser], day: int, timeline: Timeline) -> list[Record]:
    people = [user.name for user in users if user.password]
    groups = {name: people[start::step][:most] for name, (_, (start, step, most)) in GROUPS.items()}
    rows = []
    for number, user in enumerate(users):
        if user.created >= day or (user.deleted is not None and day >= user.deleted):
            continue
        row = _named("User", user.name, _instant(timeline, user.created, user.name), f"AIDASAMPLE{number:011}")
        document = _NARROW if user.name == "svc-claims-llm-gateway" and day > NARROWED else OWN.get(user.name)
        if document:
            row["UserPolicyList"] = _inline("own", document)
        row["GroupList"] = [name for name, members in groups.items() if user.name in members]
        rows.append(row | {"AttachedManagedPolicies": [], "Tags": []})
    return rows


def _role(number: int, day: int, timeline: Timeline) -> Record:
    name, principal, document, used = ROLES[number]
    document = _MAINTAIN if name == "northlake-support" and day > SUPPLIER_NARROWED else document
    trust = _document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    row = _named("Role", name, _instant(timeline, -300 + number, name), f"AROASAMPLE{number:011}")
    row |= {"AssumeRolePolicyDocument": trust, "InstanceProfileList": [], "RolePolicyList": _inline("own", document)}
    last = min(used, day - 1) if isinstance(used, int) else day - 1
    told = {} if used == "" else {"LastUsedDate": _instant(timeline, last, name), "Region": "eu-central-1"}
    return row | {"AttachedManagedPolicies": [], "Tags": [], "RoleLastUsed": told}


def _policy(name: str, document: Record, number: int, timeline: Timeline) -> Record:
    made = _instant(timeline, -500 + number, name)
    version = {"Document": document, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": made}
    own = {"PolicyName": name, "PolicyId": f"ANPASAMPLE{number:011}", "Arn": _attached([name])[0]["PolicyArn"]}
    own |= {"Path": "/", "DefaultVersionId": "v1", "AttachmentCount": 1, "IsAttachable": True, "CreateDate": made}
    return own | {"PolicyVersionList": [version]}


def authorization_details(users: tuple[CloudUser, ...], day: int, timeline: Timeline) -> Record:
    """The answer of get-account-authorization-details about the production account on a story day."""
    groups = [
        _named("Group", name, _instant(timeline, -800, name), f"AGPASAMPLE{number:011}")
        | {"GroupPolicyList": [], "AttachedManagedPolicies": _attached(names)}
        for number, (name, (names, _)) in enumerate(GROUPS.items())
    ]
    documents = {**POLICIES, ADMINISTRATOR: _document(_allow("*", "*"))}
    policies = [_policy(name, one, number, timeline) for number, (name, one) in enumerate(documents.items())]
    for policy in policies:
        policy["PolicyName"] = policy["PolicyName"].rsplit("/", 1)[-1]
    return {
        "UserDetailList": _users([user for user in users if user.account == PRODUCTION], day, timeline),
        "GroupDetailList": groups,
        "RoleDetailList": [_role(number, day, timeline) for number in range(len(ROLES))],
        "Policies": policies,
    }
