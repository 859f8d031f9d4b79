"""Merkle trees of RFC 6962 and RFC 9162: roots, inclusion proofs, consistency proofs."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

EMPTY_ROOT = hashlib.sha256(b"").hexdigest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry of a tree."""
    return hashlib.sha256(b"\0" + entry).digest()


def leaf(row_key: str, row_sha256: bytes, expires_at: datetime | None) -> bytes:
    """The leaf hash of one row: its key, its sha256, and the UTC instant after which retention may take it."""
    key = row_key.encode()
    expiry = expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode() if expires_at else b""
    return leaf_hash(b"%d:%b%d:%b%b" % (len(key), key, len(expiry), expiry, row_sha256))


def merkle_root(leaves: Iterable[bytes]) -> str:
    """The root of leaf hashes in their order, in hexadecimal; of none, the sha256 of nothing."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        pairs = [_node(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex()


def growing_roots(leaves: Iterable[bytes]) -> Iterator[bytes]:
    """The root of the first leaf, of the first two, and so on."""
    peaks: list[bytes] = []  # roots of complete subtrees, the largest first
    for size, one in enumerate(leaves, start=1):
        peaks.append(one)
        for _ in range((size & -size).bit_length() - 1):
            peaks[-2:] = [_node(*peaks[-2:])]
        root = peaks[-1]
        for peak in reversed(peaks[:-1]):
            root = _node(peak, root)
        yield root


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from the leaf at `index` to the root (RFC 9162, section 2.1.3.1)."""
    if len(leaves) <= 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), _root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), _root(leaves[:split])]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """The hashes that show that the tree of the first `old_size` leaves was only added to (section 2.1.4.1)."""
    return _subproof(leaves, old_size, is_whole=True) if 0 < old_size < len(leaves) else []


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf at `index` to the root of `size` leaves (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    climbed = _climb(index, size - 1, leaf, proof)
    return climbed is not None and climbed[1] == root


def is_consistent(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `size` leaves begins with that of `old_size` (section 2.1.4.2)."""
    if old_size in (0, size):
        return not proof and (old_root == root if old_size else old_root.hex() == EMPTY_ROOT)
    if not 0 < old_size < size:
        return False
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    climbed = _climb(place, last, path[0], path[1:]) if path else None
    return climbed == (old_root, root)


def _climb(place: int, last: int, start: bytes, proof: Iterable[bytes]) -> tuple[bytes, bytes] | None:
    """The roots of the tree that ends at `place` and of the whole one; None when the proof has a wrong length."""
    old = new = start
    for one in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            old, new = _node(one, old), _node(one, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = _node(new, one)
        place, last = place >> 1, last >> 1
    return (old, new) if last == 0 else None


def _subproof(leaves: Sequence[bytes], old_size: int, *, is_whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if is_whole else [_root(leaves)]
    split = _split(len(leaves))
    if old_size <= split:
        return [*_subproof(leaves[:split], old_size, is_whole=is_whole), _root(leaves[split:])]
    return [*_subproof(leaves[split:], old_size - split, is_whole=False), _root(leaves[:split])]


def _split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def _root(leaves: Sequence[bytes]) -> bytes:
    return bytes.fromhex(merkle_root(leaves))


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
