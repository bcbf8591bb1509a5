"""Which IP addresses the portal may call by itself: public ones, and nothing that stands for another address.

`not is_private` lets shared address space (100.64.0.0/10) through; `is_global` lets multicast, NAT64 (RFC 6052 and
RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380) and site-local (RFC 3879) through; each can name an inside address.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address

GLOBAL_UNICAST = ip_network("2000::/3")
#: Protocol assignments (RFC 6890) and the retired 6to4 relays (RFC 7526): no host of anybody.
ASSIGNED = tuple(ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24"))
TRANSLATED = tuple(
    ip_network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "fec0::/10", "::/96", "::ffff:0:0:0/96")
)


def parse(text: str) -> IPAddress:
    """Return the address of a resolver's or person's text, an IPv4-mapped one as the IPv4 address that it is.

    Raises ValueError for everything that is not the plain form (no octal, no hexadecimal, no zone).
    """
    if "%" in text:
        raise ValueError("an address with a zone names one link only")
    return unmapped(ip_address(text))


def unmapped(address: IPAddress) -> IPAddress:
    """Return the IPv4 address inside an IPv4-mapped one (RFC 4291, 2.5.5.2), else the address itself."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: IPAddress) -> bool:
    """Return whether the address is one unicast host of the public internet, and not another address in disguise."""
    address = unmapped(address)
    if address.is_multicast or address.is_unspecified or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in ASSIGNED)
    return address in GLOBAL_UNICAST and not any(address in network for network in TRANSLATED)


def is_inside(address: IPAddress) -> bool:
    """Return whether the address is a host of an inside network: what a name on the allow-list may lead to.

    Link-local addresses are not: the metadata service of a cloud (169.254.169.254) is one.
    """
    address = unmapped(address)
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    if address.is_loopback:
        return True
    if address.is_reserved or any(address.version == 6 and address in network for network in TRANSLATED):
        return False
    return address.is_private or not address.is_global
