"""Search over what the actor may see (one query per kind, five at most), and the steps of the first run."""

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from apps.core.actor import Actor, Role
from apps.core.numbers import plural
from apps.core.text import display
from apps.inventory.models import Asset, Identity, Person, Source
from apps.inventory.states import AssetKind
from apps.posture.models import Finding
from apps.posture.queries.runs import last_published

PARTS = (AssetKind.MODEL_VERSION, AssetKind.TRAINING_JOB)
PER_KIND = 8
MAX_QUERY = 200
FINDING_NUMBER = re.compile(r"^F-(\d{1,9})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: what it is called, what it is, and its page."""

    title: str
    detail: str
    url: str


@dataclass(frozen=True, slots=True)
class HitGroup:
    """Hits of one kind; `more` says that the list was cut."""

    label: str
    hits: list[Hit]
    more: bool


def search(actor: Actor, text: str) -> list[HitGroup]:
    """Return what matches `text` by name, login, mail or finding number, only of what the actor may see."""
    # A NUL ends the pattern on SQLite and is refused by PostgreSQL; marks of direction are nothing to look for either.
    text = "".join(character for character in text if character.isprintable()).strip()[:MAX_QUERY]
    if len(text) < 2:
        return []
    groups = [_assets(actor, text), _findings(actor, text), _identities(actor, text), _people(actor, text)]
    if actor.has(Role.SECURITY_ADMIN, Role.CISO, Role.AUDITOR):
        groups.append(_sources(text))
    return [group for group in groups if group.hits]


def _group(label: str, rows: QuerySet[Any], hit: Any) -> HitGroup:
    found = list(rows[: PER_KIND + 1])
    return HitGroup(label, [hit(row) for row in found[:PER_KIND]], len(found) > PER_KIND)


def _assets(actor: Actor, text: str) -> HitGroup:
    rows = Asset.objects.visible_to(actor).present().exclude(kind=AssetKind.MODEL_VERSION)
    rows = rows.filter(name__icontains=text).order_by("name", "pk")

    def hit(asset: Asset) -> Hit:
        return Hit(
            display(asset.name), asset.get_kind_display(), reverse("inventory:asset", args=[asset.kind, asset.slug])
        )

    return _group("Assets", rows, hit)


def _findings(actor: Actor, text: str) -> HitGroup:
    rows = Finding.objects.visible_to(actor)
    number = FINDING_NUMBER.match(text)
    rows = rows.filter(number=int(number[1])) if number else rows.filter(subject_label__icontains=text)

    def hit(finding: Finding) -> Hit:
        detail = f"{finding.check_id}, {finding.get_severity_display().lower()}"
        return Hit(display(finding.subject_label), detail, reverse("posture:finding", args=[finding.number]))

    return _group("Findings", rows.order_by("-number"), hit)


def _identities(actor: Actor, text: str) -> HitGroup:
    match = Q(name__icontains=text) | Q(login__icontains=text) | Q(email__icontains=text)
    rows = Identity.objects.visible_to(actor).present().filter(match).select_related("source").order_by("name", "pk")

    def hit(identity: Identity) -> Hit:
        detail = f"{identity.get_kind_display()} at {identity.source.name}"
        return Hit(display(identity), display(detail), reverse("inventory:identity", args=[identity.pk]))

    return _group("Identities", rows, hit)


def _people(actor: Actor, text: str) -> HitGroup:
    match = Q(name__icontains=text) | Q(email__icontains=text)
    rows = Person.objects.visible_to(actor).filter(match).order_by("name", "pk")

    def hit(person: Person) -> Hit:
        detail = person.job_title or person.get_status_display()
        return Hit(display(person.name), display(detail), reverse("inventory:person", args=[person.pk]))

    return _group("People", rows, hit)


def _sources(text: str) -> HitGroup:
    rows = Source.objects.read().filter(name__icontains=text).order_by("name")

    def hit(source: Source) -> Hit:
        return Hit(display(source.name), source.format, reverse("inventory:source", args=[source.pk]))

    return _group("Sources", rows, hit)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the first run: done when the portal shows a real result of it."""

    title: str
    text: str
    minutes: str
    done: bool
    result: str
    url: str
    action: str


#: The four steps: title, what to do, how long it takes, the page, and the words of the button.
STEPS = (
    (
        "Connect a source",
        "Upload an export of your identity provider, cloud account, model registry or HR system.",
        "5 min",
        "inventory:upload",
        "Upload an export",
    ),
    (
        "Look at what was found",
        "Assets, accounts and people, each with the source that shows it.",
        "2 min",
        "inventory:assets",
        "Open the assets",
    ),
    (
        "Confirm owners",
        "Sources claim owners; a claim counts once you confirm it. Several at once in the list.",
        "5 min",
        "inventory:owners",
        "Confirm owners",
    ),
    (
        "Run the checks",
        "Every check judges every subject it applies to; what no source tells is shown as not evaluated.",
        "1 min",
        "posture:runs",
        "Open the runs",
    ),
)


def first_run(actor: Actor) -> list[Step]:
    """Return the four steps from an empty portal to its first figures, each with its real result; five queries."""
    sources = Source.objects.read().count()
    assets = Asset.objects.visible_to(actor).present().exclude(kind__in=PARTS)
    found, unowned = assets.count(), assets.filter(owner_confirmed_at__isnull=True).count()
    identities = Identity.objects.visible_to(actor).counted().count()
    run = last_published()
    results = (
        (sources > 0, f"{plural(sources, 'source')} read"),
        (found + identities > 0, f"{plural(found, 'asset')}, {plural(identities, 'identity', 'identities')}"),
        (found > 0 and unowned == 0, f"{plural(unowned, 'asset')} without a confirmed owner" if found else ""),
        (run is not None, f"run {run.number} published" if run else ""),
    )
    return [
        Step(title, text, minutes, done, result, reverse(page), action)
        for (title, text, minutes, page, action), (done, result) in zip(STEPS, results, strict=True)
    ]


def sample_present() -> bool:
    """Return whether the portal holds sample data; one query."""
    return Source.objects.filter(is_sample=True).exists()
