"""From a target to the addresses that may be connected to: resolve once, vet every answer, connect to those only."""

import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from queue import Empty, Queue

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.core.outbound import addresses
from apps.core.outbound.errors import OutboundFailed, OutboundRefused, OutboundTimeout
from apps.core.outbound.target import Target, checked_port, parse_host

#: Ports of targets that are not on the allow-list: TLS as usual, and PostgreSQL.
PUBLIC_PORTS = {"https": frozenset({443, 8443}), "postgresql": frozenset({5432})}
RESOLVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """The allow-list for inside targets: names and networks, each with one port or (None) with any."""

    hosts: frozenset[tuple[str, int | None]] = field(default_factory=frozenset)
    networks: tuple[tuple[IPv4Network | IPv6Network, int | None], ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "Allowed":
        """Read `host`, `host:port`, `address`, `network/bits`, each optionally with a port; brackets around IPv6.

        Raises ImproperlyConfigured for anything else, so that a slip stops the start instead of opening a hole.
        """
        hosts, networks = set(), []
        for entry in filter(None, (entry.strip() for entry in entries)):
            try:
                place, port = _split_port(entry)
                try:
                    networks.append((ip_network(place), port))
                except ValueError:
                    hosts.add((parse_host(place), port))
            except (OutboundRefused, ValueError):
                raise ImproperlyConfigured(f"ZTPORTAL_OUTBOUND_ALLOW: {entry!r} is no host and no network.") from None
        return cls(frozenset(hosts), tuple(networks))

    def host(self, target: Target) -> bool:
        """Return whether the target's name stands on the list."""
        return bool(self.hosts & {(target.host, None), (target.host, target.port)})

    def address(self, address: addresses.IPAddress, port: int) -> bool:
        """Return whether the address lies in a network of the list."""
        return any(
            address.version == network.version and address in network and listed in (None, port)
            for network, listed in self.networks
        )


@dataclass(frozen=True, slots=True)
class Route:
    """A target with the addresses that were vetted for it. `inside` says that the allow-list lets it be."""

    target: Target
    addresses: tuple[str, ...]
    inside: bool


def route_to(target: Target, *, seconds: float = RESOLVE_SECONDS, allowed: Allowed | None = None) -> Route:
    """Resolve the target once and vet every address that it has.

    Raises OutboundRefused when one address may not be called, when the port or a connection without TLS is not allowed
    for it; OutboundFailed and OutboundTimeout when the name has no address.
    """
    allowed = configured() if allowed is None else allowed
    by_name = allowed.host(target)
    found = _resolved(target, seconds)
    listed = []
    for address in found:
        on_list = allowed.address(address, target.port) or (by_name and addresses.is_inside(address))
        if not on_list and not addresses.is_public(address):
            raise OutboundRefused(
                f"{target.host} is not a public address. An inside target must be on ZTPORTAL_OUTBOUND_ALLOW."
            )
        listed.append(on_list or by_name)
    inside = all(listed)
    if not inside and target.port not in PUBLIC_PORTS.get(target.scheme, frozenset()):
        if target.scheme not in PUBLIC_PORTS:
            raise OutboundRefused("Only https:// is called; plain http:// needs an entry on ZTPORTAL_OUTBOUND_ALLOW.")
        raise OutboundRefused(f"Port {target.port} needs an entry on ZTPORTAL_OUTBOUND_ALLOW.")
    return Route(target, tuple(map(str, found)), inside)


def configured() -> Allowed:
    """Return the allow-list of the settings."""
    return _parsed(tuple(settings.ZTPORTAL_OUTBOUND_ALLOW))


@lru_cache(maxsize=8)
def _parsed(entries: tuple[str, ...]) -> Allowed:
    return Allowed.parse(entries)


def _split_port(entry: str) -> tuple[str, int | None]:
    if entry.startswith("["):
        place, closed, rest = entry[1:].partition("]")
        if not closed:
            raise ValueError(entry)
        return place, checked_port(int(rest.removeprefix(":"))) if rest else None
    if entry.count(":") == 1:
        place, _, port = entry.partition(":")
        return place, checked_port(int(port))
    return entry, None


def _resolved(target: Target, seconds: float) -> list[addresses.IPAddress]:
    literal = target.literal
    texts = [str(literal)] if literal is not None else _ask(target, seconds)
    try:
        found = list(dict.fromkeys(addresses.parse(text) for text in texts))
    except ValueError:
        raise OutboundRefused(f"{target.host} leads to an address of one link only.") from None
    if not found:
        raise OutboundFailed(f"{target.host} has no address.")
    return found


def _ask(target: Target, seconds: float) -> list[str]:
    """Ask the resolver in a thread: it has no time limit of its own."""
    answers: Queue[list[str] | OSError] = Queue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            answers.put(OSError(str(problem)))
        else:
            answers.put([str(row[4][0]) for row in rows])

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0.001))
    except Empty:
        raise OutboundTimeout(f"The name {target.host} was not resolved in time.") from None
    if isinstance(answer, OSError):
        raise OutboundFailed(f"The name {target.host} is not known.")
    return answer
