"""The two cloud accounts: their IAM users, their keys, and the AWS credential report of one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from apps.portal.sample.people import Person
from apps.portal.sample.timeline import Timeline

#: The two accounts: production, and the sandbox whose exports stop before the end.
PRODUCTION, SANDBOX = "444455556666", "777788889999"
COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
NOT_APPLICABLE, NO_INFORMATION, NOT_SUPPORTED = "N/A", "no_information", "not_supported"
#: People with a console login: (team, how many).
CONSOLE = (
    ("Cloud Platform", 8), ("Data Platform", 6), ("Serving Platform", 5), ("Model Engineering", 7),
    ("Claims Analytics", 3), ("Marketing Science", 3), ("Security Engineering", 2), ("Pricing", 2),
)  # fmt: skip
#: Automation users: name, day of creation, days on which the key was rotated, last day of use (None: daily), service.
AUTOMATION: tuple[tuple[str, int, tuple[int, ...], int | None, str], ...] = (
    ("svc-retrain-nightly", -610, (-610,), None, "sagemaker"),
    ("svc-feature-sync", -540, (-540, 29), None, "s3"),
    ("svc-claims-batch", -480, (-200, 36), None, "s3"),
    ("svc-fraud-stream", -470, (-130, -25, 64), None, "kinesis"),
    ("svc-kyc-ingest", -400, (-400, 44), None, "s3"),
    ("svc-churn-export", -390, (-390,), -95, "s3"),
    ("svc-bureau-pull", -350, (-350, 51), None, "s3"),
    ("svc-copilot-embed", -210, (-210, 15), None, "bedrock"),
    ("svc-pricing-score", -205, (-60, 20, 78), None, "sagemaker"),
    ("svc-report-mailer", -800, (-800,), -140, "ses"),
    ("svc-datalake-compact", -700, (-700, 57), None, "glue"),
    ("svc-drift-monitor", -160, (-40, 47), None, "sagemaker"),
    ("svc-label-sync", -300, (-300,), 8, "s3"),
    ("svc-eval-harness", -120, (-20, 66), None, "bedrock"),
    ("ci-model-publish", -330, (-85, 4, 71), None, "s3"),
    ("ci-infra-plan", -640, (-640, 22), None, "ec2"),
    ("ci-image-build", -300, (-75, 13), None, "ecr"),
    ("backup-vault-copy", -900, (-900,), None, "backup"),
    ("legacy-scorecard", -1400, (-1400,), -410, "s3"),
    ("svc-notebook-share", 18, (18,), None, "s3"),
    ("svc-claims-llm-gateway", 39, (39,), None, "bedrock"),
)
#: The sandbox: a few people of these teams, and what they once automated.
SANDBOX_CONSOLE = (("Model Engineering", 3), ("Marketing Science", 2))
SANDBOX_AUTOMATION: tuple[tuple[str, int, tuple[int, ...], int | None, str], ...] = (
    ("sbx-notebook-runner", -260, (-260,), None, "sagemaker"),
    ("sbx-prompt-trials", -70, (-70, 25), None, "bedrock"),
    ("sbx-hackday-bot", -330, (-330,), -180, "lambda"),
)
#: Automation users deleted in the story.
DELETED = {"legacy-scorecard": 43, "svc-report-mailer": 61}


@dataclass(frozen=True)
class Key:
    """One access key: made, perhaps switched off, and the last day it was used (None: still used daily)."""

    made: int
    off: int | None = None
    quiet: int | None = None
    service: str = "s3"
    unused: bool = False


@dataclass(frozen=True)
class CloudUser:
    """One IAM user; `password` says whether a console login exists."""

    name: str
    created: int
    account: str = PRODUCTION
    password: bool = False
    mfa: int | None = None
    quiet: int | None = None
    never: bool = False
    deleted: int | None = None
    keys: tuple[Key, ...] = ()
    rotates: tuple[int, ...] = ()


def _console_users(
    rng: Random, people: tuple[Person, ...], account: str, teams: tuple[tuple[str, int], ...]
) -> list[CloudUser]:
    found: list[CloudUser] = []
    for team, count in teams:
        staff = [p for p in people if p.team == team and p.started < -30]
        staff.sort(key=lambda p: (not p.seated, p.leaves is None, p.employee_id))
        for person in staff[:count]:
            found.append(_console_user(rng, person, account, len(found)))
    return found


def _console_user(rng: Random, person: Person, account: str, n: int) -> CloudUser:
    luck = rng.random() * (0.5 if person.seated else 1.0)
    mfa = -rng.randint(30, 500) if luck < 0.38 else int(rng.triangular(6, 84, 45)) if luck < 0.84 else None
    quiet = person.leaves if person.leaves is not None else -rng.randint(50, 200) if n % 9 == 4 else None
    keys: tuple[Key, ...] = ()
    if n % 3 == 0:
        keys = (Key(-rng.randint(20, 500), off=rng.choice((None, None, 33, 54)), quiet=quiet, service="s3"),)
    if n % 9 == 0:
        keys = (*keys, Key(-rng.randint(5, 60), unused=True))
    # Most user names are the login; the oldest accounts carry the whole mail address.
    name = person.email if n % 7 == 5 else person.login
    gone = None if person.leaves is None else person.leaves + (2 if n % 2 else 40)
    created = max(person.started + 3, -rng.randint(200, 900))
    return CloudUser(
        name=name, created=created, account=account, password=True, mfa=mfa, quiet=quiet, never=n % 11 == 8,
        deleted=gone, keys=keys, rotates=tuple(range(created, 92, rng.choice((90, 180, 400)))),
    )  # fmt: skip


def _automation(
    rng: Random, account: str, rows: tuple[tuple[str, int, tuple[int, ...], int | None, str], ...]
) -> list[CloudUser]:
    found = []
    for name, created, rotations, quiet, service in rows:
        keys = []
        for made, follower in zip(rotations, (*rotations[1:], None), strict=True):
            off = follower + rng.randint(2, 6) if follower is not None else None
            keys.append(Key(made, off, follower if follower is not None else quiet, service))
        found.append(CloudUser(name, created, account, keys=tuple(keys), deleted=DELETED.get(name)))
    return found


def build_cloud_users(rng: Random, people: tuple[Person, ...]) -> tuple[CloudUser, ...]:
    """Every IAM user of the story; pure function of `rng` and `people`."""
    contractor = CloudUser(
        "ext-northlake-ops", -190, password=True, quiet=31, keys=(Key(-190, quiet=31),), rotates=(-190,)
    )
    found = [
        contractor,
        *_console_users(rng, people, PRODUCTION, CONSOLE),
        *_automation(rng, PRODUCTION, AUTOMATION),
        *_console_users(rng, people, SANDBOX, SANDBOX_CONSOLE),
        *_automation(rng, SANDBOX, SANDBOX_AUTOMATION),
    ]
    return tuple(sorted(found, key=lambda user: (user.account, user.name)))


def _at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _used(seed: str, quiet: int | None, day: int, timeline: Timeline, *, daily: bool = True) -> datetime:
    pause = Random(f"{seed}:{day}").choice((0, 0, 0, 1, 2, 3, 6)) if not daily else 0
    last = day - 1 - pause if quiet is None or quiet >= day else quiet
    return timeline.at(last, Random(f"{seed}:{last}").randint(5 * 60, 21 * 60))


def _key_cells(user: CloudUser, key: Key | None, day: int, timeline: Timeline) -> list[str]:
    """The five cells of one key slot: a key that was never made has N/A, a switched-off one keeps its rotation day."""
    if key is None:
        return ["false", *[NOT_APPLICABLE] * 4]
    active = str(key.off is None or day < key.off).lower()
    made = _at(timeline.at(key.made, Random(f"{user.name}:{key.made}").randint(480, 1000)))
    if key.unused or key.made >= day:
        return [active, made, *[NOT_APPLICABLE] * 3]
    quiet = key.quiet if key.off is None or day < key.off else min(key.quiet or key.off, key.off)
    used = _at(_used(f"{user.name}:{key.made}", quiet, day, timeline))
    return [active, made, used, NOT_APPLICABLE if key.service == "backup" else "eu-central-1", key.service]


def _slots(user: CloudUser, day: int) -> list[Key | None]:
    """Which key sits in which of the two slots: a new key takes the slot of the one before last."""
    slots: list[Key | None] = [None, None]
    for n, key in enumerate(k for k in user.keys if k.made < day):
        slots[n % 2] = key
    # The key before the present one is deleted four weeks after it was switched off.
    return [None if k and k.off is not None and day >= k.off + 28 else k for k in slots]


def _row(user: CloudUser, day: int, timeline: Timeline) -> list[str]:
    created = _at(timeline.at(user.created, 8 * 60 + 41))
    row = [user.name, f"arn:aws:iam::{user.account}:user/{user.name}", created]
    if user.password:
        turned = max((r for r in user.rotates if r < min(day, user.quiet or day)), default=user.created)
        used = NO_INFORMATION if user.never else _at(_used(user.name, user.quiet, day, timeline, daily=False))
        changed = timeline.at(turned, 8 * 60 + 42)
        row += ["true", used, _at(changed), _at(changed + timedelta(days=400))]
    else:
        row += ["false", *[NOT_APPLICABLE] * 3]
    row.append(str(user.mfa is not None and user.mfa <= day).lower())
    for key in _slots(user, day):
        row += _key_cells(user, key, day, timeline)
    return [*row, "false", NOT_APPLICABLE, "false", NOT_APPLICABLE]


def _root(account: str, day: int, timeline: Timeline) -> list[str]:
    """The root row: it got its second factor in the third week, and its old key went with it."""
    keyed = day < 19
    made = _at(timeline.at(-1500, 700))
    key = ["true", made, _at(timeline.at(-820, 610)), "us-east-1", "iam"] if keyed else ["false", *[NOT_APPLICABLE] * 4]
    return [
        "<root_account>", f"arn:aws:iam::{account}:root", _at(timeline.at(-1500, 655)), "true",
        _at(timeline.at(-34 if keyed else 18, 577)), NOT_SUPPORTED, NOT_SUPPORTED, str(not keyed).lower(),
        *key, "false", *[NOT_APPLICABLE] * 4, "false", NOT_APPLICABLE, "false", NOT_APPLICABLE,
    ]  # fmt: skip


def credential_report(users: tuple[CloudUser, ...], account: str, day: int, timeline: Timeline) -> bytes:
    """The credential report of one account on a story day: root first, line feeds, no newline at the end."""
    mine = [u for u in users if u.account == account and u.created < day and (u.deleted is None or day < u.deleted)]
    rows = [_root(account, day, timeline), *(_row(user, day, timeline) for user in mine)]
    return "\n".join([COLUMNS, *(",".join(row) for row in rows)]).encode()
