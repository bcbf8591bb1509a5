"""Inclusion and consistency proofs from stored leaf hashes, without reading the whole log.

Inner nodes are stored at every eighth level, so one proof reads a few hundred hashes however long the log is.
"""

import base64
from dataclasses import dataclass

from apps.audit.merkle import Nodes, consistency_proof, inclusion_proof, node_hash, verify_inclusion
from apps.audit.models import Checkpoint, Entry, Node

TILE = 256
STEP = 8


class StoredNodes:
    """The complete subtrees of one log (a `merkle.Nodes`), read a tile of 256 hashes at a time."""

    def __init__(self, log: str) -> None:
        self._log = log
        self._tiles: dict[tuple[int, int], dict[int, bytes]] = {}
        self._made: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree; raise LookupError when the log lacks one."""
        if level % STEP == 0:
            return self._stored(level, index)
        if (level, index) not in self._made:
            left, right = self(level - 1, 2 * index), self(level - 1, 2 * index + 1)
            self._made[level, index] = node_hash(left, right)
        return self._made[level, index]

    def _stored(self, level: int, index: int) -> bytes:
        tile = (level, index // TILE)
        if tile not in self._tiles:
            self._tiles[tile] = self._read(*tile)
        if index not in self._tiles[tile]:
            raise LookupError(f"the {self._log} log has no node {index} at level {level}")
        return self._tiles[tile][index]

    def _read(self, level: int, number: int) -> dict[int, bytes]:
        span = (number * TILE, (number + 1) * TILE - 1)
        if not level:
            leaves = Entry.objects.filter(log=self._log, seq__range=span)
            return {seq: bytes(leaf) for seq, leaf in leaves.values_list("seq", "leaf")}
        inner = Node.objects.filter(log=self._log, level=level, index__range=span)
        return {index: bytes(value) for index, value in inner.values_list("index", "value")}


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That an entry stands at its place in the tree of a checkpoint."""

    checkpoint: Checkpoint
    leaf: bytes
    hashes: tuple[bytes, ...]
    ok: bool

    @property
    def lines(self) -> list[str]:
        """Return the hashes as base64, nearest first."""
        return [base64.b64encode(each).decode() for each in self.hashes]

    @property
    def text(self) -> str:
        """Return the hashes as base64, one a line."""
        return "\n".join(self.lines)


def latest_checkpoint(log: str, covering: int = 0) -> Checkpoint | None:
    """Return the newest checkpoint of a log that covers event `covering`, or None (1 query)."""
    return Checkpoint.objects.filter(log=log, size__gt=covering).order_by("-size").first()


def prove(entry: Entry, checkpoint: Checkpoint | None, nodes: Nodes | None = None) -> InclusionProof | None:
    """Return the proof of an entry in a checkpoint's tree, checked; None when no checkpoint covers the entry yet."""
    if checkpoint is None or entry.seq >= checkpoint.size:
        return None
    leaf, root = bytes(entry.leaf), bytes(checkpoint.root)
    try:
        hashes = inclusion_proof(nodes or StoredNodes(entry.log), entry.seq, checkpoint.size)
    except LookupError:
        return InclusionProof(checkpoint, leaf, (), ok=False)
    proven = verify_inclusion(leaf, entry.seq, checkpoint.size, hashes, root)
    return InclusionProof(checkpoint, leaf, tuple(hashes), proven)


def consistency(log: str, first: int, second: int, nodes: Nodes | None = None) -> list[bytes]:
    """Return the proof that the tree of `second` events extends that of `first`; LookupError when nodes are missing."""
    return consistency_proof(nodes or StoredNodes(log), first, second)
