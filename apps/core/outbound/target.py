"""Reading an address as strictly as possible: two readers that disagree about a host are how filters are passed."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from apps.core.outbound import addresses
from apps.core.outbound.errors import OutboundRefused

DEFAULT_PORTS = {"https": 443, "http": 80}
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
MAX_URL = 2000


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes. `host` is a lower-case ASCII name, or an address in its plain form without brackets."""

    scheme: str
    host: str
    port: int
    path: str = ""
    query: str = ""

    @property
    def literal(self) -> addresses.IPAddress | None:
        """Return the address when the host is one."""
        try:
            return addresses.parse(self.host)
        except ValueError:
            return None

    @property
    def origin(self) -> str:
        """Return `scheme://host:port`, always with the port: equal exactly for equal targets."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Return `host:port` with brackets where the host needs them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the whole address, the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}" + (f"?{self.query}" if self.query else "")


def parse_url(text: str) -> Target:
    """Return the target of an http or https address.

    Raises OutboundRefused for user names in it, hosts that are not plain (decimal, octal, hexadecimal or shortened
    addresses, other dots, letters outside ASCII, zones), white space, backslashes and fragments.
    """
    if len(text) > MAX_URL or not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise OutboundRefused("An address has only plain characters; write an international name in its xn-- form.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise OutboundRefused("This is not an address.") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.netloc:
        raise OutboundRefused("An address starts with https://.")
    if "@" in parts.netloc:
        raise OutboundRefused("An address names no user and no password; they have fields of their own.")
    if parts.fragment or "#" in text:
        raise OutboundRefused("An address has no fragment.")
    host = parse_host(parts.netloc.rpartition(":")[0] if _has_port(parts.netloc) else parts.netloc)
    if port is None:
        port = DEFAULT_PORTS[parts.scheme]
    return Target(parts.scheme, host, checked_port(port), parts.path, parts.query)


def parse_host(text: str) -> str:
    """Return a host name or address in its one form; raises OutboundRefused for every other spelling."""
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1]
        try:
            return str(IPv6Address(inner)) if "%" not in inner else _refuse_host()
        except ValueError:
            return _refuse_host()
    try:
        return str(ip_address(text)) if "%" not in text else _refuse_host()
    except ValueError:
        pass
    name = text.lower()
    labels = name.split(".")
    if not name.isascii() or len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        return _refuse_host()
    # A name that ends in a number is an address to some readers (WHATWG URL, "ends in a number").
    if NUMBER.fullmatch(labels[-1]):
        return _refuse_host()
    return name


def checked_port(port: int) -> int:
    """Return the port; raises OutboundRefused for one that does not exist."""
    if not 0 < port < 65536:
        raise OutboundRefused("A port is a number from 1 to 65535.")
    return port


def _has_port(netloc: str) -> bool:
    return ":" in netloc.rpartition("]")[2]


def _refuse_host() -> str:
    raise OutboundRefused("The host is not a plain name or a plain address.")
