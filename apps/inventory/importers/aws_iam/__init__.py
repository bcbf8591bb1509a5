"""AWS IAM: users, roles and groups of an account with all their policies, as operations on AI assets."""

from apps.inventory.formats import Format
from apps.inventory.importers.aws_iam.parse import MODEL_BUCKETS, OWN_ACCOUNTS, detect, parse
from apps.inventory.records import IDENTITY

FORMAT = Format(
    name="aws-iam-authorization-details",
    title="AWS IAM authorization details",
    main_kinds=(IDENTITY,),
    detect=detect,
    parse=parse,
    brings_ai_entitlements=True,
    describes="users, groups, roles and policies of an account, as get-account-authorization-details answers (JSON)",
    options={
        MODEL_BUCKETS: "names of S3 buckets that hold models, * allowed, separated by commas",
        OWN_ACCOUNTS: "further AWS accounts of the organisation; trust in them is not trust in outsiders",
    },
)
