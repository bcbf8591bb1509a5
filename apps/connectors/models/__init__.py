"""Models of connections."""

from apps.connectors.models.connection import Connection
from apps.connectors.models.slot import Slot

__all__ = ["Connection", "Slot"]
