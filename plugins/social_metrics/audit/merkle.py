"""Merkle trees over sealed rows, as RFC 6962 builds them."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

EMPTY_ROOT = hashlib.sha256(b"").hexdigest()


def leaf(row_key: str, row_sha256: bytes, expires_at: datetime | None) -> bytes:
    """The leaf of one row: its key, its sha256, and the UTC instant after which retention may take it."""
    key = row_key.encode()
    expiry = expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode() if expires_at else b""
    return hashlib.sha256(b"\0%d:%b%d:%b%b" % (len(key), key, len(expiry), expiry, row_sha256)).digest()


def merkle_root(leaves: Iterable[bytes]) -> str:
    """The root of leaves in their order, in hexadecimal; of none, the sha256 of nothing."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\1" + level[n] + level[n + 1]).digest() for n in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex()
