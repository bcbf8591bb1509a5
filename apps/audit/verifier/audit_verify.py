#!/usr/bin/env python3
"""Verify an exported audit log or access review offline. Needs Python 3.10 or newer and `cryptography`, nothing else.

    python audit_verify.py EXPORT --key KEY [--key KEY ...] [--witness NOTE ...] [--unsigned-manifest]

EXPORT is the unpacked folder. KEY is the log's verifier key (`name+id+key`, or a file of such lines), got from the
notary's operator and not from the export: it pins the log's name and public key. NOTE is a checkpoint kept outside.
Exit code 0: everything verifies; 1: something does not; 2: the input cannot be read. Standards: RFC 9162 section 2.1,
RFC 8785, C2SP signed-note, tlog-checkpoint, tlog-cosignature. Format: README.txt of the export.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "ztportal audit export v1"
SIGNED, UNSIGNED = "MANIFEST.note", "MANIFEST.txt"
Key = tuple[str, bytes]
Note = tuple[str, str]
REVIEW, SNAPSHOT_TOLD = "review.json", ("reviews.campaign.opened", "reviews.campaign.sealed")
CSV_HEADER = [
    "log", "number", "time", "actor kind", "actor id", "actor", "action", "object kind", "object id", "object",
    "before", "after", "result", "request", "late", "from", "details",
]  # fmt: skip


class Bad(Exception):
    """Something that does not verify."""


def unbase64(text: str) -> bytes:
    """Decode base64 in its one canonical spelling."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise Bad("not canonical base64")
    return raw


def read_key(text: str) -> Key:
    """Return (name, public key bytes) of `name+id+key`."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = unbase64(encoded)
    if not name or len(raw) != 33 or raw[:1] != b"\x01" or mark(name, b"\x01", raw[1:]).hex() != key_id:
        raise Bad("not a verifier key: " + text[:80])
    return name, raw[1:]


def mark(name: str, kind: bytes, public: bytes) -> bytes:
    """Return the key id of a signature kind (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]


def open_note(note: str, keys: Sequence[Key]) -> str:
    """Return the text of a note that a pinned key signed; signatures of others are ignored, as the format demands."""
    text, separator, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not separator or lines.pop() or not all(re.fullmatch(r"— [^\s+]+ [A-Za-z0-9+/=]+", line) for line in lines):
        raise Bad("not a signed note")
    text += "\n"
    signed = False
    try:
        for (name, public), line in ((key, line) for key in keys for line in lines if line.split(" ")[1] == key[0]):
            raw, verifier = unbase64(line.split(" ")[2]), Ed25519PublicKey.from_public_bytes(public)
            if raw[:4] == mark(name, b"\x01", public):
                verifier.verify(raw[4:], text.encode())
                signed = True
            elif raw[:4] == mark(name, b"\x04", public):
                stamp = int.from_bytes(raw[4:12], "big")
                verifier.verify(raw[12:], f"cosignature/v1\ntime {stamp}\n{text}".encode())
    except InvalidSignature:
        raise Bad("a signature does not verify") from None
    if not signed:
        raise Bad("not signed by the pinned key")
    return text


def open_checkpoint(note: str, keys: Sequence[Key]) -> tuple[str, int, bytes]:
    """Return (origin, size, root) of a checkpoint that a pinned key of the same name signed."""
    origin = note.split("\n", 1)[0]
    text = open_note(note, [key for key in keys if key[0] == origin])
    lines = text.split("\n")
    if len(lines) != 4 or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]) or len(unbase64(lines[2])) != 32:
        raise Bad("not a checkpoint")
    return origin, int(lines[1]), unbase64(lines[2])


def leaf_hash(data: bytes) -> bytes:
    """RFC 9162 2.1.1."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162 2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """RFC 9162 2.1.3.2, walking down from the root: the side of each step follows from index and size alone."""
    sides: list[bool] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        sides.append(index >= middle)
        start, end = (middle, end) if index >= middle else (start, middle)
    if len(sides) != len(proof):
        raise Bad("the proof has the wrong length")
    root = leaf
    for right, sibling in zip(reversed(sides), proof, strict=False):
        root = node_hash(sibling, root) if right else node_hash(root, sibling)
    return root


def consistent(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """RFC 9162 2.1.4.2."""
    if first in (0, second):
        return not proof and (first != second or first_root == second_root)
    path = list(proof) if first & (first - 1) else [first_root] + list(proof)
    if not path:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if not last:
            return False
        if position & 1 or position == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, node)
        position, last = position >> 1, last >> 1
    return not last and old == first_root and new == second_root


class Tree:
    """The right edge of a growing tree."""

    def __init__(self) -> None:
        self.size = 0
        self.edge: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        index = self.size
        while index & 1:
            leaf, index = node_hash(self.edge.pop(), leaf), index >> 1
        self.edge.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root so far."""
        root = self.edge[-1] if self.edge else hashlib.sha256().digest()
        for node in reversed(self.edge[:-1]):
            root = node_hash(node, root)
        return root


def strict_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a JSON object that names a key twice."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise Bad("a key stands twice")
    return dict(pairs)


def read_json(data: str | bytes) -> dict[str, Any]:
    """Return a JSON object, keys once each."""
    found = json.loads(data, object_pairs_hook=strict_object)
    if not isinstance(found, dict):
        raise Bad("not a JSON object")
    return found


def csv_cell(value: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return "'" + value if value.lstrip().startswith(("=", "+", "-", "@")) or value[:1] in "\t\r" and value else value


def csv_row(log: str, fields: dict[str, Any], details: dict[str, Any] | None) -> list[str]:
    """Return the line of events.csv of one entry; `details` is None when they were erased."""
    known = details or {"actor": "(erased)", "subject": "(erased)", "from": "", "facts": None}
    facts = known["facts"]
    said = json.dumps(facts, ensure_ascii=False, sort_keys=True) if facts not in (None, {}) else ""
    actor, subject = fields["actor"], fields["subject"]
    values = [
        log, str(fields["seq"]), fields["at"], actor["kind"], actor["id"], known["actor"], fields["action"],
        subject["kind"], subject["id"], known["subject"], fields["before"], fields["after"], fields["outcome"],
        fields["request_id"], fields["late"] or "", known["from"], said,
    ]  # fmt: skip
    return [csv_cell(value) for value in values]


def csv_text(rows: Sequence[list[str]]) -> str:
    """Return rows as the text of events.csv."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    writer.writerows(rows)
    return out.getvalue()


class Export:
    """One export, verified step by step; problems are collected."""

    def __init__(self, files: dict[str, bytes], keys: list[Key], witnesses: list[Note], unsigned: bool = False) -> None:
        self.files, self.keys, self.witnesses, self.unsigned = files, keys, witnesses, unsigned
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.manifest: dict[str, str] = {}
        self.roots: dict[int, bytes] = {}
        self.tree, self.count, self.told = Tree(), 0, set[str]()
        self.items: dict[int, str] = {}

    def verify(self) -> bool:
        """Run every check; return whether all of them hold."""
        checks = [self.check_manifest, self.check_checkpoints, self.check_entries, self.check_witnesses]
        for check in checks + [self.check_review] * (REVIEW in self.files):
            try:
                check()
            except Bad as problem:
                self.problems.append(str(problem))
            except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as problem:
                self.problems.append(f"malformed: {problem!r}")
            if self.problems and not self.manifest:
                return False
        return not self.problems

    def check_manifest(self) -> None:
        """The manifest is signed, is of the pinned log, and names every file with its hash."""
        if SIGNED in self.files:
            note = self.files[SIGNED].decode()
            text = open_note(note, [key for key in self.keys if f"\norigin {key[0]}\n" in note])
        elif UNSIGNED in self.files and self.unsigned:
            text = self.files[UNSIGNED].decode()
            self.warnings.append("the manifest is not signed: README.txt and audit_verify.py are not protected")
        else:
            raise Bad("there is no signed manifest (--unsigned-manifest accepts one that is not signed)")
        lines = text.split("\n")
        if lines[0] != FORMAT or lines.pop():
            raise Bad("not a manifest of this format")
        hashes = {}
        for line in lines[1:]:
            word, _, value = line.partition(" ")
            if word == "sha256":
                hashes[value[65:]] = value[:64]
            else:
                self.manifest[word] = value
        if self.manifest["origin"] not in [name for name, _ in self.keys]:
            raise Bad(f"the export is of {self.manifest['origin']}, which no given key is for")
        self.check_files(hashes)

    def check_files(self, hashes: dict[str, str]) -> None:
        """Every file is in the manifest, unchanged, and none is missing."""
        there = set(self.files) - {SIGNED, UNSIGNED}
        for name in sorted(there ^ set(hashes)):
            self.problems.append(f"{name} is {'not in the manifest' if name in there else 'missing'}")
        if SIGNED in self.files and UNSIGNED in self.files:
            self.problems.append("there are two manifests")
        for name in sorted(there & set(hashes)):
            if hashlib.sha256(self.files[name]).hexdigest() != hashes[name]:
                self.problems.append(f"{name} was changed")

    def check_checkpoints(self) -> None:
        """Every checkpoint is signed, of this log, and extends the one before."""
        before: tuple[int, bytes] | None = None
        for number, found in enumerate(map(read_json, self.files["checkpoints.jsonl"].decode().splitlines()), 1):
            origin, size, root = open_checkpoint(found["note"], self.keys)
            if origin != self.manifest["origin"]:
                raise Bad(f"checkpoint {number} is of another log")
            proof = [unbase64(each) for each in found["proof"]]
            if before is not None and (size < before[0] or not consistent(before[0], size, proof, before[1], root)):
                raise Bad(f"checkpoint {number} does not extend the one before")
            before = size, root
            self.roots[size] = root
        if before is None or before[0] != int(self.manifest["checkpoint"]):
            raise Bad("the last checkpoint is not the one of the manifest")

    def check_entries(self) -> None:
        """Every entry is the one at its number in the tree of the last checkpoint, and its details are its own."""
        size = int(self.manifest["checkpoint"])
        first, end, extent = self.manifest["range"].split(" ")
        seen = -1
        rows: list[list[str]] = []
        for found in map(read_json, self.files["entries.jsonl"].decode().splitlines()):
            seq = found["seq"]
            if type(seq) is not int or not max(seen + 1, int(first)) <= seq < int(end):
                raise Bad(f"event {seq!r} is out of order or range")
            rows.append(self.check_entry(found, seq, size, self.roots[size]))
            self.count, seen = self.count + 1, seq
            if extent == "complete" and first == "0":
                self.grow(unbase64(found["body"]))
        whole = extent != "complete" or self.count == int(end) - int(first)
        if self.count != int(self.manifest["entries"]) or not whole:
            raise Bad(f"{self.count} entries are there, the manifest says {self.manifest['entries']}")
        if csv_text(rows).encode() != self.files["events.csv"]:
            raise Bad("events.csv does not say what the entries say")

    def check_entry(self, found: dict[str, Any], seq: int, size: int, root: bytes) -> list[str]:
        """Check one entry; return its line of events.csv."""
        body = unbase64(found["body"])
        fields = read_json(body)
        if fields["v"] != 1 or fields["origin"] != self.manifest["origin"]:
            raise Bad(f"event {seq} is of another log or format")
        if fields["seq"] != seq:
            raise Bad(f"event {seq} says it is number {fields['seq']!r}")
        if root_from_inclusion(leaf_hash(body), seq, size, [unbase64(each) for each in found["proof"]]) != root:
            raise Bad(f"event {seq} is not in the tree of the checkpoint")
        details = None
        if found["details"] is not None or found["salt"] is not None:
            content, salt = unbase64(found["details"]), unbase64(found["salt"])
            if hashlib.sha256(salt + content).hexdigest() != fields["details_commit"]:
                raise Bad(f"the details of event {seq} are not those it commits to")
            details = read_json(content)
            if fields["action"] in SNAPSHOT_TOLD:
                self.told.add(details["facts"]["snapshot_hash"])
        return csv_row(self.manifest["log"], fields, details)

    def grow(self, body: bytes) -> None:
        """Rebuild the tree of a complete export; compare it with every checkpoint and keep the roots."""
        self.tree.append(leaf_hash(body))
        if self.roots.setdefault(self.tree.size, self.tree.root()) != self.tree.root():
            raise Bad(f"the first {self.tree.size} events do not have the root of their checkpoint")

    def check_witnesses(self) -> None:
        """Every checkpoint kept outside is one that the export knows, or that its entries rebuild."""
        for name, note in self.witnesses:
            origin, size, root = open_checkpoint(note, self.keys)
            if origin != self.manifest["origin"]:
                raise Bad(f"{name} is of {origin}")
            if size > int(self.manifest["checkpoint"]):
                raise Bad(f"{name} has {size} events, the export's checkpoint has fewer: events are missing")
            if size not in self.roots:
                raise Bad(f"{name} cannot be compared: the export has no checkpoint of {size} events")
            if self.roots.get(size, root) != root:
                raise Bad(f"{name} has another root: the log was rewritten")

    def check_review(self) -> None:
        """Items hash to their digests, these to the snapshot the log tells; answers are to such; policies are whole."""
        review, whole = read_json(self.files[REVIEW]), hashlib.sha256()
        for item in map(read_json, self.files["items.jsonl"].decode().splitlines()):
            shown = "".join(f"{len(value)}:{value}," for value in item["snapshot"])
            self.items[item["number"]] = digest = hashlib.sha256(shown.encode()).hexdigest()
            whole.update(f"{digest}\n".encode())
            if digest != item["digest"]:
                raise Bad(f"item {item['number']} is not as it was shown")
        if {whole.hexdigest()} != {review["snapshot_hash"], *self.told}:
            raise Bad("the items are not those whose snapshot hash the log tells")
        for answer in map(read_json, self.files["decisions.jsonl"].decode().splitlines()):
            if self.items.get(answer["item_id"]) != answer["digest"]:
                raise Bad(f"answer {answer['number']} is not to an item as it was shown")
        for policies in map(read_json, self.files["policies.jsonl"].decode().splitlines()):
            texts = json.dumps(policies["texts"], ensure_ascii=False, sort_keys=True)
            if hashlib.sha256(texts.encode()).hexdigest() != policies["digest"]:
                raise Bad(f"the texts of policy version {policies['number']} are not those of its digest")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Verify an exported audit log or access review offline.")
    parser.add_argument("export", help="unpacked folder")
    parser.add_argument("--key", action="append", required=True, help="verifier key, or a file of them")
    parser.add_argument("--witness", action="append", default=[], help="checkpoint that was kept outside")
    parser.add_argument("--unsigned-manifest", action="store_true", help="accept a manifest without signature")
    options = parser.parse_args(arguments)
    try:
        given = [Path(value).read_bytes().decode() if Path(value).is_file() else value for value in options.key]
        keys = [read_key(line) for text in given for line in text.split()]
        witnesses = [(value, Path(value).read_bytes().decode()) for value in options.witness]
        files = {path.name: path.read_bytes() for path in sorted(Path(options.export).iterdir())}
        export = Export(files, keys, witnesses, options.unsigned_manifest)
    except (OSError, Bad, ValueError) as problem:
        sys.stderr.write(f"cannot be read: {problem}\n")
        return 2
    good = export.verify()
    said = [f"warning: {each}" for each in export.warnings] + [f"DOES NOT VERIFY: {each}" for each in export.problems]
    if good:
        place = f"{export.manifest['origin']}, checkpoint of {export.manifest['checkpoint']} events"
        said.append(f"verified: {export.count} events of {place}; {len(witnesses)} checkpoints kept outside agree")
        said += [f"verified: {len(export.items)} items of the review, as they were shown"] * (REVIEW in export.files)
    sys.stdout.write("\n".join(said) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
