"""Real OpenSSF model signatures over the sample's artifacts, made with throw-away keys."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import signing

from apps.portal.sample.artifacts import artifact_files
from apps.portal.sample.timeline import Timeline
from apps.portal.sample.versions import Version

#: The signed store is connected a week after the registry.
CONNECTED = 35
SIGNERS = ("release", "unknown")
#: Before any tampering: what was signed is what the pipeline built.
AS_BUILT = -10_000


class SigningDesk:
    """Signs each version once and remembers the bundle; private keys live in a temporary folder and end with it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._signed: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        self._room = TemporaryDirectory(prefix="sample-signing-")
        self._place = Path(self._room.name)
        self._configs, self._public = {}, {}
        for signer in SIGNERS:
            key = ec.generate_private_key(ec.SECP256R1())
            path = self._place / f"{signer}.pem"
            path.touch(mode=0o600)
            path.write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
            self._configs[signer] = signing.Config().use_elliptic_key_signer(private_key=path)
            self._public[signer] = key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._room.cleanup()

    def public_key(self, signer: str) -> bytes:
        """The PEM of a signer's public key."""
        return self._public[signer]

    def bundle(self, version: Version) -> bytes:
        """The `model.sig` of a version: signed over its files as they were built."""
        if version.folder not in self._signed:
            folder = self._place / version.folder
            for path, data in artifact_files(version, AS_BUILT, self._timeline).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            target = self._place / f"{version.folder}.model.sig"
            self._configs[version.model.signer].sign(folder, target)
            self._signed[version.folder] = target.read_bytes()
        return self._signed[version.folder]
