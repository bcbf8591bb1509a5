"""The declared fields of a driver, and the one way to read what somebody entered for them.

A field that is not declared is refused: a kubeconfig's `exec:` or a `cmd-path` would run a program of the writer's
choice (reliability.md §2, case 14).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography import x509

from apps.core.errors import Invalid
from apps.core.outbound import OutboundRefused, parse_host, parse_url

MAX_PEM = 100_000


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field: its label, and `read`, which returns the value in its one form or raises ValueError."""

    name: str
    label: str
    read: Callable[[str], str]
    help: str = ""
    required: bool = True
    default: str = ""
    kind: str = "text"
    choices: tuple[tuple[str, str], ...] = ()


def read_fields(fields: tuple[Field, ...], given: Mapping[str, object]) -> dict[str, str]:
    """Return every declared field's value. Raises Invalid for an unknown, missing or wrong one, without the value."""
    unknown = set(given) - {field.name for field in fields}
    if unknown:
        raise Invalid(
            "There is a field that this kind of connection does not have.", **dict.fromkeys(unknown, "Unknown")
        )
    values, wrong = {}, {}
    for field in fields:
        value = given.get(field.name, field.default)
        if not isinstance(value, str):
            wrong[field.name] = "This is not text."
        elif not value:
            values[field.name] = field.default
            if field.required and not field.default:
                wrong[field.name] = "This is needed."
        else:
            try:
                values[field.name] = field.read(value)
            except ValueError as problem:
                wrong[field.name] = str(problem)
    if wrong:
        raise Invalid("Some fields are not right.", **wrong)
    return values


def url(text: str) -> str:
    """An https address (http only for allow-listed targets, which the call decides), without a query."""
    try:
        target = parse_url(text.strip())
    except OutboundRefused as problem:
        raise ValueError(problem.reason) from None
    if target.query or "?" in text:
        raise ValueError("Leave out the question mark and what follows.")
    return target.url.rstrip("/")


def host(text: str) -> str:
    """A host name or address."""
    try:
        return parse_host(text.strip())
    except OutboundRefused as problem:
        raise ValueError(problem.reason) from None


def port(text: str) -> str:
    """A port number."""
    if not re.fullmatch(r"[0-9]{1,5}", text.strip()) or not 0 < int(text) < 65536:
        raise ValueError("A port is a number from 1 to 65535.")
    return str(int(text))


def plain(text: str) -> str:
    """One line of printable text, at most 200 characters."""
    text = text.strip()
    if not text or len(text) > 200 or not text.isprintable():
        raise ValueError("One line of at most 200 visible characters.")
    return text


def password(text: str) -> str:
    """A secret as it is; only line breaks and NUL are refused."""
    if len(text) > 4000 or any(character in text for character in "\0\r\n"):
        raise ValueError("One line of at most 4,000 characters.")
    return text


def one_of(*allowed: str) -> Callable[[str], str]:
    """One of a few words."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError("Choose one of the list.")
        return text

    return read


def certificates(text: str) -> str:
    """CA certificates as PEM, and nothing else: no private key, no path, no options."""
    if len(text) > MAX_PEM:
        raise ValueError("This is larger than certificates can be.")
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----", text)
    if not blocks or re.sub(r"\s", "", text) != re.sub(r"\s", "", "".join(blocks)):
        raise ValueError("Paste certificates only, each from BEGIN CERTIFICATE to END CERTIFICATE.")
    try:
        x509.load_pem_x509_certificates(text.encode("ascii"))
    except ValueError:
        raise ValueError("This is not a certificate.") from None
    return "\n".join(block.replace("\r", "") for block in blocks) + "\n"


CA = Field(
    "ca", "CA certificates", certificates,
    help="Only for a target whose certificate a public authority did not issue. PEM.", required=False, kind="pem",
)  # fmt: skip
