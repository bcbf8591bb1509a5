"""RFC 9162 trees: published vectors, a naive recursive twin as oracle, and forged proofs."""

import hashlib
import random

import pytest

from apps.audit import merkle
from apps.audit.verifier import audit_verify

# Inputs, roots and proofs published with Certificate Transparency (RFC 6962 reference tests).
INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:half]) + naive_root(leaves[half:])).digest()


def tree(leaves: list[bytes]) -> merkle.RightEdge:
    """Grow a tree leaf by leaf."""
    edge = merkle.RightEdge()
    for leaf in leaves:
        edge.append(merkle.leaf_hash(leaf))
    return edge


def random_leaves(count: int) -> list[bytes]:
    """Return that many leaves, the same every time."""
    return [random.Random(number).randbytes(5) for number in range(count)]


def test_published_roots() -> None:
    """Sizes 0 to 8 of the reference tree."""
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree([]).root() == merkle.EMPTY_ROOT
    assert [tree(INPUTS[: size + 1]).root().hex() for size in range(8)] == ROOTS


def test_published_proofs() -> None:
    """Inclusion and consistency proofs of the reference tree."""
    nodes = merkle.nodes_of([merkle.leaf_hash(each) for each in INPUTS])
    for (index, size), expected in INCLUSION.items():
        assert [each.hex() for each in merkle.inclusion_proof(nodes, index, size)] == expected
    for (first, second), expected in CONSISTENCY.items():
        assert [each.hex() for each in merkle.consistency_proof(nodes, first, second)] == expected


@pytest.mark.parametrize("size", [*range(1, 70), 127, 128, 129, 255, 256, 257, 1000])
def test_the_growing_tree_equals_the_naive_twin(size: int) -> None:
    """Same root, and the edge survives being packed."""
    leaves = random_leaves(size)
    edge = tree(leaves)
    assert edge.root() == naive_root(leaves)
    assert merkle.RightEdge.unpack(size, edge.pack()).root() == edge.root()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 21, 33])
def test_every_inclusion_proof_verifies_and_only_where_it_belongs(size: int) -> None:
    """Both verifiers accept each leaf at its own index and nowhere else, nor with one hash changed."""
    leaves = random_leaves(size)
    nodes, root = merkle.nodes_of([merkle.leaf_hash(each) for each in leaves]), naive_root(leaves)
    for index in range(size):
        proof, leaf = merkle.inclusion_proof(nodes, index, size), merkle.leaf_hash(leaves[index])
        assert merkle.verify_inclusion(leaf, index, size, proof, root)
        assert audit_verify.root_from_inclusion(leaf, index, size, proof) == root
        for other in range(size):
            assert merkle.verify_inclusion(leaf, other, size, proof, root) == (other == index)
        for at in range(len(proof)):
            forged = [*proof[:at], hashlib.sha256(proof[at]).digest(), *proof[at + 1 :]]
            assert not merkle.verify_inclusion(leaf, index, size, forged, root)
        assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)
        assert not (proof and merkle.verify_inclusion(leaf, index, size, proof[:-1], root))


@pytest.mark.parametrize("second", [1, 2, 3, 7, 8, 9, 20, 33])
def test_every_consistency_proof_verifies_and_no_forged_one(second: int) -> None:
    """Both verifiers agree on true proofs and refuse changed roots, hashes and lengths."""
    leaves = random_leaves(second)
    nodes, root = merkle.nodes_of([merkle.leaf_hash(each) for each in leaves]), naive_root(leaves)
    wrong = hashlib.sha256(b"another").digest()
    for first in range(1, second + 1):
        proof, older = merkle.consistency_proof(nodes, first, second), naive_root(leaves[:first])
        for verify in (merkle.verify_consistency, audit_verify.consistent):
            assert verify(first, second, proof, older, root)
            assert not verify(first, second, proof, wrong, root)
            assert not verify(first, second, proof, older, wrong)
            assert not verify(first, second, [*proof, wrong], older, root)
            for at in range(len(proof)):
                assert not verify(first, second, [*proof[:at], wrong, *proof[at + 1 :]], older, root)


def test_an_edge_of_the_wrong_size_is_refused() -> None:
    """A stored edge must be one of that many leaves."""
    with pytest.raises(ValueError, match="right-edge"):
        merkle.RightEdge.unpack(3, bytes(32))
    with pytest.raises(ValueError, match="right-edge"):
        merkle.RightEdge.unpack(1, bytes(31))
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(merkle.nodes_of([]), 0, 0)
    with pytest.raises(ValueError, match="no consistency"):
        merkle.consistency_proof(merkle.nodes_of([]), 2, 1)
