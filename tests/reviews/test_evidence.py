"""Evidence of a review verifies offline, and not with any byte changed (issue: what it must show, 6)."""

import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from apps.access.models import PolicyVersion
from apps.access.policies.language import digest_of
from apps.audit.models import Checkpoint, Details, Entry
from apps.audit.notes import sign
from apps.audit.services.notary import load_key
from apps.audit.verifier import audit_verify
from apps.core import clock
from apps.core.errors import Conflict, Forbidden
from apps.reviews.models import Campaign, Item
from apps.reviews.queries.bulk import preview
from apps.reviews.queries.evidence import events_about
from apps.reviews.services.evidence import evidence_of
from apps.reviews.services.reconciling import prove_all
from apps.reviews.services.removal import remove_due
from tests.access.grants import make_request, open_grant
from tests.audit.test_notary import notary
from tests.cast import Cast
from tests.reviews.accepting import asked, signed
from tests.reviews.world import World, at, build, bulk_decide, draw_sample, peers

pytestmark = pytest.mark.django_db
Files = dict[str, bytes]
HOSTILE = '=cmd|"x"!A1 \u202e\u2028\x07 ü😀 </script>'


@pytest.fixture
def world(cast: Cast, tmp_path: Path, settings: Any) -> World:
    settings.ZTPORTAL_AUDIT_KEY_FILE = str(tmp_path / "key.pem")
    return build(cast, name=HOSTILE)


def sealed(world: World) -> Campaign:
    """Return a review with kept, revoked and bulk answers, a sample, a routing by note, and a removal of each way."""
    peers(world, 9)
    peers(world, 2, operation="model.deploy", privileged="yes")
    open_grant(make_request(world.user("engineer"), world.asset))
    campaign = world.opened()
    for item in Item.objects.filter(campaign=campaign, pile="close"):
        name = next(name for name, user in world.cast.users.items() if user == item.reviewer)
        world.decide(name, item, "keep", note=HOSTILE)
        world.decide(name, item, "revoke")
    manager = world.actor("manager")
    for number in draw_sample(actor=manager, campaign=campaign, seed="seed").value.items:
        world.decide("manager", Item.objects.get(pk=number), "keep")
    shown = preview(campaign, world.user("manager").pk, "keep").digest
    bulk_decide(actor=manager, campaign=campaign, choice="keep", digest=shown)
    for name in {seat.reviewer.email.split("@")[0] for seat in campaign.seats.select_related("reviewer")}:
        world.sign(name, campaign)
    campaign.refresh_from_db()
    return campaign


def taken(world: World, campaign: Campaign, folder: Path) -> Files:
    """Return the files of the evidence, after the notary signed."""
    notary(folder)
    return unpacked(evidence_of(actor=world.actor("auditor"), campaign=campaign).read())


def unpacked(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def problems(files: Files) -> list[str]:
    """Return what the stand-alone verifier finds, with the key that the outside holds."""
    key = Checkpoint.objects.filter(log="privileged").latest("size").verifier_key
    export = audit_verify.Export(files, [audit_verify.read_key(key)], [])
    assert export.verify() is not bool(export.problems)
    return export.problems


def rows(files: Files, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[f"{name}.jsonl"].splitlines()]


def resigned(files: Files, folder: Path) -> Files:
    """Return the files under a manifest that fits them, as somebody with the notary's key could forge it."""
    lines = files["MANIFEST.note"].decode().rpartition("\n\n")[0].split("\n")
    text = [line for line in lines if not line.startswith("sha256")]
    text += [f"sha256 {hashlib.sha256(data).hexdigest()} {name}" for name, data in files.items() if name[0] != "M"]
    origin = next(line[7:] for line in text if line.startswith("origin "))
    return {**files, "MANIFEST.note": sign("\n".join(text) + "\n", origin, load_key(folder / "key.pem")).encode()}


def test_it_verifies_alone(world: World, tmp_path: Path) -> None:
    """As its own program, without the portal, from the unpacked folder."""
    files = taken(world, sealed(world), tmp_path)
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    program = [sys.executable, "-I", str(folder / "audit_verify.py"), str(folder)]
    command = [*program, "--key", str(tmp_path / "verifier-keys.txt")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"verified: {len(rows(files, 'items'))} items of the review" in done.stdout


def test_one_changed_byte_in_any_member_is_found(world: World, tmp_path: Path) -> None:
    """Flipped at its first, its last and ten random places; a member too few or too many is found as well."""
    files = taken(world, sealed(world), tmp_path)
    assert problems(files) == []
    dice = random.Random(6)
    full = {name: content for name, content in files.items() if content}
    assert len(full) > 12
    for name, content in full.items():
        for place in {0, len(content) - 1, *(dice.randrange(len(content)) for _ in range(10))}:
            changed = content[:place] + bytes([content[place] ^ (1 << dice.randrange(8))]) + content[place + 1 :]
            assert problems({**files, name: changed}), (name, place)
    for name in files:
        assert problems({other: content for other, content in files.items() if other != name}), name
        assert problems({**files, f"{name}.bak": b""})


def test_a_forger_with_a_fitting_manifest_does_not_change_what_was_shown(world: World, tmp_path: Path) -> None:
    """Items, their order and number, and answers are bound to the log; the digests alone could be made to fit."""
    files = taken(world, sealed(world), tmp_path)
    assert problems(resigned(files, tmp_path)) == []
    items, review = rows(files, "items"), json.loads(files["review.json"])

    def found(**changed: list[dict[str, Any]]) -> list[str]:
        lines = {f"{n}.jsonl": "".join(json.dumps(row) + "\n" for row in r).encode() for n, r in changed.items()}
        return problems(resigned({**files, **lines}, tmp_path))

    forged = {**items[0], "snapshot": ["forged", *items[0]["snapshot"][1:]]}
    shown = "".join(f"{len(value)}:{value}," for value in forged["snapshot"])
    assert found(items=items) == []
    assert "is not as it was shown" in found(items=[forged, *items[1:]])[0]
    forged["digest"] = hashlib.sha256(shown.encode()).hexdigest()
    for some in ([forged, *items[1:]], items[1:], [*items[1:], items[0]]):
        assert "snapshot hash the log tells" in found(items=some)[0]
    review["snapshot_hash"] = hashlib.sha256("".join(f"{i['digest']}\n" for i in items[1:]).encode()).hexdigest()
    fitting = {**files, "review.json": json.dumps(review).encode()}
    fitting["items.jsonl"] = "".join(json.dumps(row) + "\n" for row in items[1:]).encode()
    assert "snapshot hash the log tells" in problems(resigned(fitting, tmp_path))[0]
    answers = rows(files, "decisions")
    answers[0]["digest"] = "0" * 64
    assert "is not to an item as it was shown" in found(decisions=answers)[0]
    policies = rows(files, "policies")
    next(iter(policies[0]["texts"].values()))["text"] += " "
    assert "the texts of policy version 1 are not those of its digest" in found(policies=policies)[0]


def test_policies_are_whole_from_the_preview_to_the_end(world: World, tmp_path: Path) -> None:
    """The version it was previewed under and those that came meanwhile, with all texts; none from before or after."""
    first = PolicyVersion.objects.get()
    texts = {**first.texts, "zz-hostile": {**next(iter(first.texts.values())), "title": HOSTILE, "reason": "„ß“"}}

    def put(number: int) -> None:
        made = {"digest": digest_of(texts), "in_force_at": clock.now()}
        PolicyVersion.objects.create(number=number, texts=texts, **made)

    put(2)
    campaign = sealed(world)
    put(3)
    files = taken(world, campaign, tmp_path)
    assert problems(files) == []
    found = rows(files, "policies")
    assert [row["number"] for row in found] == [2, 3]
    assert all(row["texts"] == texts and row["digest"] == digest_of(texts) for row in found)
    Campaign.objects.filter(pk=campaign.pk).update(closed_at=clock.now())
    with at(1):
        put(4)
        campaign.refresh_from_db()
        later = unpacked(evidence_of(actor=world.actor("auditor"), campaign=campaign).read())
    assert [row["number"] for row in rows(later, "policies")] == [2, 3]


def test_it_holds_everything_about_the_review_and_nothing_of_another(world: World, tmp_path: Path) -> None:
    """Answers, sheets, the sample with its seed, removals with what was seen, risks, policies, and every event."""
    campaign = sealed(world)
    remove_due()
    item = Item.objects.filter(campaign=campaign, state="remediating", subject_kind="entitlement").first()
    assert item is not None
    with at(24 * 9):
        prove_all()
        item.refresh_from_db()
        risk = signed(world, asked(world, item, days=5), "ciso")
    other = world.staged(scope={"privileged_only": True})
    files = taken(world, campaign, tmp_path)
    assert problems(files) == []
    for name, count in {
        "items": campaign.items.count(), "decisions": campaign.decisions.count(), "bulks": 1, "samples": 1, "risks": 1,
        "removals": 3, "sheets": campaign.seats.count(),
    }.items():  # fmt: skip
        assert len(rows(files, name)) == count, name
    assert rows(files, "samples")[0]["seed"] == "seed" and rows(files, "risks")[0]["exception_number"] == risk.number
    assert {row["seen"] for row in rows(files, "proofs")} >= {"overdue", "absent"}
    assert rows(files, "receipts") and rows(files, "policies")[0]["digest"]
    bodies = [json.loads(audit_verify.unbase64(row["body"])) for row in rows(files, "entries")]
    told = events_about(campaign).exclude(action="reviews.evidence.exported")
    assert [body["seq"] for body in bodies] == list(told.values_list("seq", flat=True))
    assert {"reviews.campaign.drafted", "reviews.item.decided", "reviews.bulk.decided", "reviews.sheet.signed",
            "reviews.removals.asked", "reviews.removals.failed"} <= {body["action"] for body in bodies}  # fmt: skip
    assert str(other.pk) not in {body["subject"]["id"] for body in bodies if body["subject"]["kind"] == "review"}


def test_it_waits_for_the_seal_and_for_the_notary(world: World, tmp_path: Path) -> None:
    """Before, its content would change; the export itself is an event and hinders no second one."""
    world.standing(world.people["engineer"])
    campaign = world.opened()
    auditor = world.actor("auditor")
    with pytest.raises(Conflict, match="once it is sealed"):
        evidence_of(actor=auditor, campaign=campaign)
    world.decide("manager", Item.objects.get(), "keep")
    world.sign("manager", campaign)
    campaign.refresh_from_db()
    with pytest.raises(Conflict, match="not signed the newest"):
        evidence_of(actor=auditor, campaign=campaign)
    taken(world, campaign, tmp_path)
    evidence_of(actor=auditor, campaign=campaign).close()
    told = Entry.objects.filter(action="reviews.evidence.exported").order_by("seq")
    assert [entry.actor_id for entry in told] == [str(world.user("auditor").pk)] * 2
    assert b'"format":"evidence"' in bytes(Details.objects.get(entry=told[0]).content or b"")


@pytest.mark.parametrize("name", ["manager", "owner", "engineer", "service", "outsider"])
def test_others_get_none(world: World, name: str) -> None:
    campaign = sealed(world)
    with pytest.raises(Forbidden):
        evidence_of(actor=world.actor(name), campaign=campaign)


def test_its_queries_do_not_grow_with_the_items(
    world: World, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    """One a file, and one for 256 neighbours in the log."""
    peers(world, 60)
    campaign = world.opened()
    draw_sample(actor=world.actor("manager"), campaign=campaign, seed="s")
    for item in Item.objects.filter(campaign=campaign):
        world.decide("manager", item, "keep")
    world.sign("manager", campaign)
    campaign.refresh_from_db()
    notary(tmp_path)
    with django_assert_max_num_queries(40):
        files = unpacked(evidence_of(actor=world.actor("ciso"), campaign=campaign).read())
    assert len(rows(files, "items")) == 60 and problems(files) == []
