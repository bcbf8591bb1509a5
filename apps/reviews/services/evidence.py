"""Evidence: a review as one archive that is verified without the portal (docs/audit.md)."""

from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO

from django.db.models import Max

from apps.audit.queries.proofs import latest_checkpoint
from apps.audit.services.archives import Archive
from apps.audit.services.packages import Extent, own_key
from apps.core import clock
from apps.core.actor import Actor
from apps.core.command import record
from apps.core.errors import Conflict
from apps.core.events import PRIVILEGED
from apps.reviews.events import EVIDENCE_EXPORTED
from apps.reviews.models import Campaign
from apps.reviews.queries.evidence import CHUNK, FILES, events_about, item_rows, line, terms_of
from apps.reviews.rules.evidence import has_evidence, may_take_evidence
from apps.reviews.services.staging import subject_of_campaign

README = """Evidence of an access review
============================
review.json       scope, terms, times, and the snapshot hash
items.jsonl       what was reviewed: `snapshot` are the texts shown, in the order of `snapshot_columns` of review.json.
                  `digest` is the SHA-256 of them as netstrings (length in characters:text,); the snapshot hash is the
                  SHA-256 of the digests in this order, each followed by a line feed
decisions.jsonl   every answer, never changed; the latest of an item before sealing counted. `digest` is what was
                  shown; `defaulted` is the terms' answer, nobody's; `second` is a sampled second reviewer's
bulks.jsonl, samples.jsonl   answers to many items at once, and the random items with their seed
sheets.jsonl      who was asked in which stage, and when and by whom it was signed
routings.jsonl    items given from one reviewer to another
removals.jsonl, proofs.jsonl, receipts.jsonl   how access was taken away, what was seen, what targets answered
risks.jsonl       exceptions for access that stays: every signature with what was asked for, by whom and until when
policies.jsonl    versions of the access policies in force meanwhile, with all their texts. `digest` is the SHA-256 of
                  `texts` as JSON with sorted keys, unescaped, as Python's json.dumps spaces it
entries.jsonl, checkpoints.jsonl, events.csv   the events of the audit log about the review: exact bytes, RFC 9162
                  inclusion proofs, signed checkpoints, and the same for people
audit_verify.py   the verifier; needs Python 3.10 and the package cryptography
MANIFEST.note     SHA-256 of every file, signed by the notary (MANIFEST.txt where the exporter had no key)

python audit_verify.py . --key KEY --witness NOTE

KEY is the verifier key of the log, which the notary's operator publishes (verifier-keys.txt). Take it, a checkpoint
that was kept outside (NOTE), and preferably the verifier too, from somewhere else than from this archive.

It verifies when every file is as it was signed, every event is in the tree that the checkpoint signs, the items hash to
the snapshot hash that the log tells of the opened and sealed review, every answer is to an item as it was shown, and
the texts of every policy version hash to its digest.
"""


def evidence_of(*, actor: Actor, campaign: Campaign) -> IO[bytes]:
    """Return the archive as a temporary file, read from its start, and write the export down before it leaves.

    Raises Forbidden; Conflict before the review is sealed, and while the notary has not signed its newest events.
    """
    may_take_evidence(actor).require()
    if not has_evidence(campaign):
        raise Conflict("There is evidence of a review once it is sealed.")
    checkpoint = latest_checkpoint(PRIVILEGED)
    found = events_about(campaign)
    newest = found.exclude(action=EVIDENCE_EXPORTED.name).order_by().aggregate(newest=Max("seq"))["newest"]
    if checkpoint is None or (newest is not None and newest >= checkpoint.size):
        raise Conflict("The notary has not signed the newest events of this review yet. Try again in a minute.")
    note_taken(actor, campaign, "evidence")
    with ExitStack() as stack:
        out = stack.enter_context(TemporaryFile())
        archive = Archive(out, Extent(PRIVILEGED, 0, checkpoint.size, complete=False), checkpoint)
        archive.add("review.json", [line(terms_of(campaign))])
        archive.add("items.jsonl", map(line, item_rows(campaign)))
        for name, rows in FILES.items():
            archive.add(name, map(line, rows(campaign).iterator(chunk_size=CHUNK)))
        archive.add_events(found.filter(seq__lt=checkpoint.size).iterator(chunk_size=CHUNK))
        archive.close(readme=README, key=own_key(), now=clock.now())
        out.seek(0)
        stack.pop_all()  # whole: it closes with the answer, and at once where something went wrong before
        return out


def note_taken(actor: Actor, campaign: Campaign, form: str) -> None:
    """Write down that somebody takes a review away as `form`: evidence or csv."""
    details: dict[str, object] = {
        "format": form,
        "items": campaign.items_count,
        "snapshot_hash": campaign.snapshot_hash,
    }
    record(EVIDENCE_EXPORTED, actor=actor, subject=subject_of_campaign(campaign), details=details)
