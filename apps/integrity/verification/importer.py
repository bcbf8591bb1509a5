"""The format `openssf-model-signing`: signed folders become artifacts by digest, and signatures ready to be judged."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from apps.integrity.models.facts import BUNDLE_LIMIT
from apps.integrity.states import SigningMethod
from apps.integrity.verification.bundle import Bundle, Malformed, Unsupported, read_bundle
from apps.integrity.verification.folders import SUFFIX, Refused, Signed, files_of, is_covered, leads_out, signed_by
from apps.integrity.verification.measure import File, is_ignored, measure
from apps.inventory.formats import Format, InputFile, Recognition
from apps.inventory.importing.artifacts import artifact_facts, files_digest
from apps.inventory.records import ARTIFACT, SIGNATURE, Covered, Item, Record, Rejected, UnrecognisedInput

EXPECTED = "signatures of the OpenSSF model signing specification: FOLDER/model.sig, or NAME.model.sig beside NAME"
_PEM = (
    (
        "-----BEGIN PUBLIC KEY",
        "a public key: add it under Trusted keys to trust it; lying beside a signature it proves nothing",
    ),
    (
        "-----BEGIN CERTIFICATE",
        "a certificate: add a root under Trusted keys to trust it; lying beside a signature it proves nothing",
    ),
    ("PRIVATE KEY-----", "a private key: it is not read, and it should not lie beside models"),
)


def _text_of(file: InputFile) -> tuple[str, str]:
    """Return the text of a bundle, or blank and what is wrong with it."""
    if file.size > BUNDLE_LIMIT:
        return "", "The signature file is larger than a signature can be."
    try:
        text = file.path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return "", "The signature file is not text."
    return ("", "The signature file is not text.") if "\x00" in text else (text, "")


def _bundle_of(text: str) -> Bundle | None:
    try:
        return read_bundle(text)
    except (Malformed, Unsupported):
        return None


def _alone(bundle: Bundle | None, signed: Signed, files: list[File]) -> Signed:
    """A statement over `.` signs a single file: the one its subject names, in the folder of the signature."""
    if bundle is None or signed.single or bundle.paths != {"."} or leads_out(bundle.subject):
        return signed
    if not any(file.path == bundle.subject for file in files):
        return signed
    return replace(signed, single="/".join(filter(None, (signed.folder, bundle.subject))))


def _measured(bundle: Bundle | None, files: list[File], signed: Signed) -> tuple[list[dict[str, Any]], list[list[str]]]:
    if not signed.single or bundle is None or bundle.paths != {"."}:
        return measure(files, bundle)
    chosen = [file for file in files if file.path == signed.single.rsplit("/", 1)[-1]]
    found, items = measure([File(".", chosen[0].place)], bundle)
    return [{**found[0], "path": chosen[0].path}], items


def _covered_digest(bundle: Bundle | None, found: list[dict[str, Any]], signed: Signed) -> str:
    """Return the digest over the files that the signature covers: what it ignores, it does not vouch for."""
    if bundle is None:
        return ""
    if signed.single:
        return files_digest(found)
    return files_digest(f for f in found if f["path"] in bundle.paths and not is_ignored(f["path"], bundle.ignored))


def _signature(signed: Signed, files: Mapping[str, InputFile]) -> Iterator[Item]:
    """Yield the artifact and its signature. Raises Refused."""
    text, problem = _text_of(signed.signature)
    bundle = _bundle_of(text)
    there = files_of(signed, files)
    signed = _alone(bundle, signed, there)
    try:
        found, items = _measured(bundle, there, signed)
    except Unsupported as other:
        problem, (found, items) = f"Not compared: {other.reason}.", measure(there, None)
    key = signed.key or (bundle.subject if bundle else "") or "model"
    name, file = signed.signature.name, signed.signature.name
    facts = {"asset_key": "", "name": key.rsplit("/", 1)[-1][:300], **artifact_facts(found)}
    yield Record(ARTIFACT, key, facts, {"folder": signed.folder}, file, "file")
    signer, fingerprint = bundle.signer if bundle else ("", "")
    yield Record(
        SIGNATURE,
        name,
        {
            "artifact_key": key,
            "files_digest": _covered_digest(bundle, found, signed),
            "method": bundle.method if bundle else SigningMethod.UNKNOWN,
            "bundle": text,
            "measured": {"items": items},
            "problem": problem,
        },
        {"file": name, "signer": signer, "fingerprint": fingerprint, "subject": bundle.subject if bundle else ""},
        file,
        "file",
    )


def _stray(file: InputFile) -> str:
    """Return why a file that no signature covers is not taken, "" for one of many plain files."""
    if leads_out(file.name):
        return "its name leads out of the folder"
    if file.size <= 100_000 and not file.path.is_symlink():
        head = file.path.read_bytes().decode("utf-8", "replace")
        for mark, reason in _PEM:
            if mark in head:
                return reason
    return ""


def _strays(files: Sequence[InputFile], all_signed: Sequence[Signed]) -> Iterator[Rejected]:
    plain: Counter[str] = Counter()
    keys = {signed.key for signed in all_signed}
    for file in files:
        if file.name.endswith(SUFFIX) and not leads_out(file.name):
            continue
        if not leads_out(file.name) and is_covered(file.name, keys):
            continue
        reason = _stray(file)
        if reason:
            yield Rejected(file.name, "file", reason)
        else:
            plain[file.name.rpartition("/")[0] or file.name] += 1
    for place, count in plain.items():
        words = "1 file without a signature" if count == 1 else f"{count} files without a signature"
        yield Rejected(place, "folder", f"{words}: expected model.sig in the folder or NAME.model.sig beside it")


def parse(files: Sequence[InputFile], options: Mapping[str, Any]) -> Iterator[Item]:
    """Yield artifacts and signatures. Raises UnrecognisedInput when the input holds no signature file."""
    all_signed = list(signed_by(files))
    if not all_signed:
        raise UnrecognisedInput(f"{len(files)} files, none of them a signature", EXPECTED)
    by_name = {file.name: file for file in files}
    keys: set[str] = set()
    for signed in all_signed:
        try:
            items = list(_signature(signed, by_name))
        except (Refused, OSError) as refusal:
            reason = refusal.reason if isinstance(refusal, Refused) else "its files cannot be read"
            yield Rejected(signed.signature.name, "folder", reason, ARTIFACT, signed.key)
            yield Covered(SIGNATURE, complete=False)
            continue
        for item in items:
            # Two signatures over one folder: one artifact.
            if isinstance(item, Record) and item.kind == ARTIFACT and item.key in keys:
                continue
            if isinstance(item, Record) and item.kind == ARTIFACT:
                keys.add(item.key)
            yield item
    yield from _strays(files, all_signed)
    yield Covered(ARTIFACT)
    yield Covered(SIGNATURE)


def detect(files: Sequence[InputFile]) -> Recognition:
    """Say how sure it is that these are signed models: by the names of signature files, whatever lies beside them."""
    found = sum(1 for file in files if file.name.endswith(SUFFIX))
    return Recognition(95, "signed-models", f"{found} model signatures") if found else Recognition(0)


FORMAT = Format(
    name="openssf-model-signing",
    title="OpenSSF model signing",
    main_kinds=(ARTIFACT,),
    detect=detect,
    parse=parse,
    describes="folders with model.sig, or NAME.model.sig beside NAME; verified against the trusted keys",
    as_bytes=True,
)
