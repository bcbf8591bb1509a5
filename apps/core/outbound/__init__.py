"""Calls to outside systems that cannot be turned against the inside (reliability.md §2, case 12 and §2a)."""

from apps.core.outbound.client import Client, Limits
from apps.core.outbound.errors import (
    OutboundError,
    OutboundFailed,
    OutboundRefused,
    OutboundTimeout,
    OutboundUnavailable,
)
from apps.core.outbound.route import Allowed, Route, route_to
from apps.core.outbound.target import Target, parse_host, parse_url

__all__ = [
    "Allowed",
    "Client",
    "Limits",
    "OutboundError",
    "OutboundFailed",
    "OutboundRefused",
    "OutboundTimeout",
    "OutboundUnavailable",
    "Route",
    "Target",
    "parse_host",
    "parse_url",
    "route_to",
]
