"""The trees against the vectors of certificate-transparency, and each proof against every changed byte."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_metrics.audit.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    growing_roots,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    merkle_root,
)

# Published with Certificate Transparency's reference implementation: eight entries, and the root after each of them.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
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
    (0, 1): [],
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
    (1, 1): [],
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
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def hexadecimal(hashes: list[bytes]) -> list[str]:
    return [one.hex() for one in hashes]


def test_roots_are_the_published_ones() -> None:
    assert merkle_root([]) == EMPTY_ROOT == hashlib.sha256().hexdigest()
    assert [merkle_root(LEAVES[:size]) for size in range(1, 9)] == ROOTS
    assert hexadecimal(list(growing_roots(LEAVES))) == ROOTS


@given(st.integers(0, 70))
def test_growing_roots_are_those_of_each_size(size: int) -> None:
    leaves, _ = tree(b"salt", max(size, 1))
    assert list(growing_roots(leaves[:size])) == [naive_root(leaves[: one + 1]) for one in range(size)]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_the_published_ones(index: int, size: int) -> None:
    proof = inclusion_proof(LEAVES[:size], index)
    assert hexadecimal(proof) == INCLUSION[index, size]
    assert is_included(LEAVES[index], index, size, proof, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old_size", "size"), CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(old_size: int, size: int) -> None:
    proof = consistency_proof(LEAVES[:size], old_size)
    assert hexadecimal(proof) == CONSISTENCY[old_size, size]
    old_root, root = (bytes.fromhex(ROOTS[one - 1]) for one in (old_size, size))
    assert is_consistent(old_size, old_root, size, root, proof)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:half]) + naive_root(leaves[half:])).digest()


trees = st.integers(1, 70).flatmap(
    lambda size: st.tuples(st.binary(min_size=4, max_size=4), st.just(size), st.integers(0, size - 1))
)


def tree(salt: bytes, size: int) -> tuple[list[bytes], bytes]:
    leaves = [leaf_hash(salt + bytes([number])) for number in range(size)]
    return leaves, naive_root(leaves)


@given(trees, st.integers(0, 10**6))
def test_every_inclusion_proof_holds_and_every_changed_byte_is_refused(
    made: tuple[bytes, int, int], place: int
) -> None:
    salt, size, index = made
    leaves, root = tree(salt, size)
    proof = inclusion_proof(leaves, index)
    assert is_included(leaves[index], index, size, proof, root)
    parts = [leaves[index], root, *proof]
    number, byte = divmod(place % (32 * len(parts)), 32)
    changed = bytearray(parts[number])
    changed[byte] ^= 1 + place % 255
    parts[number] = bytes(changed)
    assert not is_included(parts[0], index, size, parts[2:], parts[1])
    assert not is_included(leaves[index], index, size, [*proof, root], root)
    assert not is_included(leaves[index], size, size, proof, root)
    if proof:
        assert not is_included(leaves[index], index, size, proof[:-1], root)


@given(trees, st.integers(0, 10**6))
def test_every_consistency_proof_holds_and_every_changed_byte_is_refused(
    made: tuple[bytes, int, int], place: int
) -> None:
    salt, size, old = made
    old_size = old + 1
    leaves, root = tree(salt, size)
    old_root, proof = naive_root(leaves[:old_size]), consistency_proof(leaves, old_size)
    assert is_consistent(old_size, old_root, size, root, proof)
    parts = [old_root, root, *proof]
    number, byte = divmod(place % (32 * len(parts)), 32)
    changed = bytearray(parts[number])
    changed[byte] ^= 1 + place % 255
    parts[number] = bytes(changed)
    assert not is_consistent(old_size, parts[0], size, parts[1], parts[2:])
    assert not is_consistent(old_size, old_root, size, root, [*proof, root])


@given(trees)
def test_tree_with_one_rewritten_leaf_is_not_consistent(made: tuple[bytes, int, int]) -> None:
    salt, size, index = made
    leaves, _ = tree(salt, size)
    old_root = naive_root(leaves)
    rewritten = [*leaves[:index], leaf_hash(b"another"), *leaves[index + 1 :], leaf_hash(b"later")]
    proof = consistency_proof(rewritten, size)
    assert not is_consistent(size, old_root, size + 1, naive_root(rewritten), proof)


def test_empty_tree_grows_without_a_proof() -> None:
    root = bytes.fromhex(ROOTS[7])
    assert is_consistent(0, bytes.fromhex(EMPTY_ROOT), 8, root, [])
    assert not is_consistent(0, bytes.fromhex(EMPTY_ROOT), 8, root, [root])
    assert not is_consistent(9, root, 8, root, [])
