"""Reading an export, and recognising one."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apps.inventory.formats import InputFile, Recognition
from apps.inventory.importers.aws_iam.account import Account
from apps.inventory.importers.aws_iam.emit import ELSEWHERE, Emitter
from apps.inventory.importers.aws_iam.gather import EXPECTED, ROLES, USERS, Gatherer
from apps.inventory.importers.json_files import beginning
from apps.inventory.records import ENTITLEMENT, IDENTITY, Covered, Item, UnrecognisedInput

MODEL_BUCKETS, OWN_ACCOUNTS = "model_buckets", "own_accounts"
_MARKS = ('"UserDetailList"', '"GroupDetailList"', '"RoleDetailList"')
_ARN = re.compile(r'"Arn"\s*:\s*"arn:aws[\w-]*:iam::(\d{12}):')


def _listed(options: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(entry for entry in re.split(r"[,;\s]+", str(options.get(name) or "")) if entry)


def parse(files: Sequence[InputFile], options: Mapping[str, Any]) -> Iterator[Item]:
    """Yield the records of one export, its pages in any order. Raises UnrecognisedInput when no file holds one."""
    gatherer = Gatherer()
    export = gatherer.read(files)
    if not export.pages:
        what = "; ".join(f"{one.file}: {one.reason}" for one in gatherer.rejected[:3]) or "no file"
        raise UnrecognisedInput(what, EXPECTED)
    own = _listed(options, OWN_ACCOUNTS)
    wrong = [entry for entry in own if not re.fullmatch(r"\d{12}", entry)]
    if wrong:
        raise UnrecognisedInput(f"the account {wrong[0][:40]!r}", "account numbers of 12 digits in own_accounts")
    account = Account(export, _listed(options, MODEL_BUCKETS), own)
    yield from gatherer.rejected
    yield from account.rejected
    emitter = Emitter(account)
    for user in account.users.values():
        yield from emitter.user(user)
    for role in account.roles.values():
        yield from emitter.role(role)
    unread = any(one.where == "file" or not one.kind for one in gatherer.rejected)
    whole = export.last_page and {USERS, ROLES} <= export.listed and not unread
    yield Covered(IDENTITY, complete=whole)
    left_open = sorted(emitter.left_open.items(), key=lambda pair: (pair[0] == ELSEWHERE, pair))
    yield Covered(ENTITLEMENT, complete=whole and not account.missing, not_evaluated=tuple(left_open))


def detect(files: Sequence[InputFile]) -> Recognition:
    """Say how sure it is that these are account authorization details; the source is named after the account."""
    accounts: Counter[str] = Counter()
    hits = 0
    for file in files:
        text = beginning(file)
        own = any(mark in text for mark in _MARKS)
        if own or ('"PolicyVersionList"' in text and '"IsDefaultVersion"' in text):
            hits += 1
            accounts.update(_ARN.findall(text))
    if not hits:
        return Recognition(0)
    named = [account for account, _ in accounts.most_common(2)]
    name = f"aws-iam-{named[0]}" if len(named) == 1 else "aws-iam-accounts" if named else ""
    return Recognition(94, name, f"IAM authorization details of {named[0] if named else 'an AWS account'}")
