"""RFC 9162 Merkle trees on SHA-256: hashing, growing, proving and checking.

Section numbers are of RFC 9162. Nothing here reads a database: nodes come from a callable `nodes(level, index)` that
returns the hash of the complete subtree over leaves [index·2^level, (index+1)·2^level).
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256().digest()

Nodes = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256(0x00 ‖ data) (2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class RightEdge:
    """A tree reduced to the roots of its complete subtrees, largest first: all that growing it needs."""

    __slots__ = ("nodes", "size")

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.nodes = list(nodes)
        if len(self.nodes) != size.bit_count() or any(len(node) != HASH_SIZE for node in self.nodes):
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} right-edge hashes of {HASH_SIZE} bytes")

    @classmethod
    def unpack(cls, size: int, packed: bytes) -> "RightEdge":
        """Read an edge as `pack` wrote it; raise ValueError when it cannot be of that size."""
        return cls(size, [packed[at : at + HASH_SIZE] for at in range(0, len(packed), HASH_SIZE)])

    def pack(self) -> bytes:
        """Return the edge as bytes, one hash after another."""
        return b"".join(self.nodes)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf hash; return the inner subtrees it completes as (level, index, hash)."""
        completed: list[tuple[int, int, bytes]] = []
        node, level, index = leaf, 0, self.size
        while index & 1:
            node = node_hash(self.nodes.pop(), node)
            level, index = level + 1, index >> 1
            completed.append((level, index, node))
        self.nodes.append(node)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the Merkle tree hash of all leaves so far (2.1.1)."""
        if not self.nodes:
            return EMPTY_ROOT
        root = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            root = node_hash(node, root)
        return root


def nodes_of(leaves: Sequence[bytes]) -> Nodes:
    """Return the node callable of leaf hashes held in memory."""
    known: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        if not level:
            return leaves[index]
        if (level, index) not in known:
            known[level, index] = node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
        return known[level, index]

    return node


def range_root(nodes: Nodes, start: int, end: int) -> bytes:
    """Return the tree hash of leaves [start, end), where start is aligned as in any RFC 9162 recursion."""
    size = end - start
    if not size:
        return EMPTY_ROOT
    level = size.bit_length() - 1
    if size == 1 << level:
        return nodes(level, start >> level)
    return node_hash(nodes(level, start >> level), range_root(nodes, start + (1 << level), end))


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves, nearest first (2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_root(nodes, middle, end))
            end = middle
        else:
            path.append(range_root(nodes, start, middle))
            start = middle
    return path[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root that the proof leads to (2.1.3.2); raise ValueError when its length cannot be right."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    position, last, root = index, size - 1, leaf
    for sibling in proof:
        if not last:
            raise ValueError("inclusion proof is too long")
        if position & 1 or position == last:
            root = node_hash(sibling, root)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ValueError("inclusion proof is too short")
    return root


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether the leaf hash stands at `index` of the tree of `size` leaves with that root (2.1.3.2)."""
    try:
        return root_from_inclusion(leaf, index, size, proof) == root
    except ValueError:
        return False


def consistency_proof(nodes: Nodes, first: int, second: int) -> list[bytes]:
    """Return the proof that the tree of `second` leaves extends that of `first` (2.1.4.1)."""
    if not 0 < first <= second:
        raise ValueError(f"no consistency proof from {first} to {second}")
    path: list[bytes] = []
    start, end, known = 0, second, True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(range_root(nodes, middle, end))
            end = middle
        else:
            path.append(range_root(nodes, start, middle))
            start, known = middle, False
    if not known:
        path.append(range_root(nodes, start, end))
    return path[::-1]


def verify_consistency(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Return whether the tree of `second` leaves extends that of `first` (2.1.4.2)."""
    if first == second:
        return not proof and first_root == second_root
    if not 0 < first < second or not proof:
        return False
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if not last:
            return False
        if position & 1 or position == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, node)
        position, last = position >> 1, last >> 1
    return not last and old == first_root and new == second_root
