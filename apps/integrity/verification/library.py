"""The model-signing library on what is stored: it verifies a kept bundle against digests taken when files were there.

`verifying.Config.verify` checks the signature, rebuilds the manifest from the signed statement and compares it with
the manifest that its hashing configuration makes of the model. Ours hands out the recorded digests, so that a verdict
can be made again after a key was trusted or retired, without the files. Only keys and certificates that are given
here are trusted; what lies beside a signature never is.
"""

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from model_signing import hashing, manifest, verifying
from model_signing._hashing.hashing import Digest
from OpenSSL.crypto import X509StoreContextError

from apps.integrity.verification.measure import GIT_PATHS, is_ignored


@dataclass(frozen=True, slots=True)
class Answer:
    """What the library said. `signature`: the signature is good; `content`: and the digests are the signed ones."""

    signature: bool
    content: bool = False
    unknown_signer: bool = False


class RecordedDigests(hashing.Config):
    """A hashing configuration that answers with digests taken earlier instead of reading files."""

    def __init__(self, items: Iterable[Sequence[str]], serialisation: dict[str, Any]) -> None:
        """Take (name, algorithm, digest) of everything that lay there, and how it was made."""
        super().__init__()
        self._items = list(items)
        self._made = serialisation
        self._skipped: set[str] = set(GIT_PATHS)
        self.reached = False

    def add_ignored_paths(self, *, model_path: hashing.PathLike, paths: Iterable[hashing.PathLike]) -> None:
        """Leave out what the verified statement says was not signed."""
        self._skipped.update(str(path) for path in paths)

    def hash(self, model_path: hashing.PathLike, *, files_to_hash: Any = None) -> manifest.Manifest:
        """Return the recorded manifest. The library asks for it only after the signature verified."""
        self.reached = True
        made = manifest.SerializationType.from_args(self._made)
        kept = [item for item in self._items if not is_ignored(item[0], self._skipped)]
        entries = [made.new_item(name, Digest(algorithm, bytes.fromhex(digest))) for name, algorithm, digest in kept]
        return manifest.Manifest("recorded", entries, made)


def _verify(config: Any, bundle: str, items: Iterable[Sequence[str]], made: dict[str, Any], room: Path) -> Answer:
    signature = room / "model.sig"
    signature.write_text(bundle, encoding="utf-8")
    recorded = RecordedDigests(items, made)
    try:
        config.set_hashing_config(recorded).verify(room / "model", signature)
    except X509StoreContextError:
        return Answer(signature=False, unknown_signer=True)
    except InvalidSignature:
        return Answer(signature=False)
    except (ValueError, KeyError, AttributeError, TypeError, IndexError, RecursionError):
        # The library has no error of its own for a bundle that lacks a part, or whose manifest contradicts itself.
        return Answer(signature=recorded.reached)
    return Answer(signature=True, content=True)


def _with_hint(bundle: str, fingerprint: str) -> str:
    """Name the key in a bundle of before 1.0 that names none. The hint is not signed; it only picks the key."""
    outer = json.loads(bundle)
    outer["verificationMaterial"]["publicKey"] = {"hint": fingerprint}
    return json.dumps(outer)


def by_key(bundle: str, pem: str, fingerprint: str, items: Iterable[Sequence[str]], made: dict[str, Any]) -> Answer:
    """Verify a bundle with one public key."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        room = Path(folder)
        (room / "key.pem").write_text(pem, encoding="ascii")
        config = verifying.Config().use_elliptic_key_verifier(public_key=room / "key.pem")
        return _verify(config, _with_hint(bundle, fingerprint), items, made, room)


def by_certificates(bundle: str, pems: Sequence[str], items: Iterable[Sequence[str]], made: dict[str, Any]) -> Answer:
    """Verify a bundle with root certificates; its own certificates only fill the gap between leaf and root."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        room = Path(folder)
        paths = []
        for number, pem in enumerate(pems):
            paths.append(room / f"{number}.pem")
            paths[-1].write_text(pem, encoding="ascii")
        try:
            # Never without a path: the library would fall back to the roots of the web.
            config = verifying.Config().use_certificate_verifier(certificate_chain=paths)
        except ValueError:
            return Answer(signature=False, unknown_signer=True)
        return _verify(config, bundle, items, made, room)
