"""A signing desk for tests: throw-away keys and certificates, and signatures made by the model-signing library."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from model_signing import signing

FILES = {"MLmodel": b"flavors: {}\n", "model.pkl": b"cos\nsystem\n(S'true'\ntR.", "README.md": b"# Model\n"}
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def write(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    """Write the files of a model and return its folder."""
    for name, data in (files or FILES).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


class Key:
    """A key pair in a folder of its own."""

    def __init__(self, folder: Path, name: str = "release") -> None:
        """Make the pair."""
        folder.mkdir(parents=True, exist_ok=True)
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.path = folder / f"{name}.key"
        self.path.write_bytes(
            self.private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        public = self.private.public_key()
        self.pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def sign(self, model: Path, signature: Path) -> None:
        """Sign a folder."""
        signing.Config().use_elliptic_key_signer(private_key=self.path).sign(model, signature)


def _certificate(subject: str, key: Key, issuer: str, by: Key, *, ca: bool) -> x509.Certificate:
    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(SINCE)
        .not_valid_after(SINCE + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return builder.sign(by.private, hashes.SHA256())


class Authority:
    """A root and a leaf below it."""

    def __init__(self, folder: Path) -> None:
        """Make both."""
        self.folder = folder
        root, self.leaf = Key(folder, "root"), Key(folder, "leaf")
        self.root_pem = self._put("root.pem", _certificate("Fenwick Root", root, "Fenwick Root", root, ca=True))
        self.leaf_pem = self._put(
            "leaf.pem", _certificate("Fenwick Release", self.leaf, "Fenwick Root", root, ca=False)
        )

    def _put(self, name: str, certificate: x509.Certificate) -> str:
        data = certificate.public_bytes(serialization.Encoding.PEM)
        (self.folder / name).write_bytes(data)
        return data.decode()

    def sign(self, model: Path, signature: Path) -> None:
        """Sign a folder with the leaf; the chain up to the root goes into the bundle."""
        signing.Config().use_certificate_signer(
            private_key=self.leaf.path,
            signing_certificate=self.folder / "leaf.pem",
            certificate_chain=[self.folder / "root.pem"],
        ).sign(model, signature)
