"""The Merkle tree of RFC 6962 over the ledger, grown leaf by leaf.

Only the frontier is kept: the roots of the complete subtrees, one per set bit of the size, largest first.
"""

from __future__ import annotations

import hashlib

HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees of a tree of ``size`` leaves."""

    def __init__(self, size: int = 0, packed: bytes = b"") -> None:
        self.size = size
        self._roots = [packed[start : start + HASH_BYTES] for start in range(0, len(packed), HASH_BYTES)]

    def append(self, entry: bytes) -> None:
        """Add one entry as the next leaf."""
        node, rest = leaf_hash(entry), self.size
        while rest & 1:
            node = node_hash(self._roots.pop(), node)
            rest >>= 1
        self._roots.append(node)
        self.size += 1

    def pack(self) -> bytes:
        """Return the subtree roots one after the other, as the database keeps them."""
        return b"".join(self._roots)

    def root(self) -> bytes:
        """Return the tree's root; of the empty tree it is the hash of nothing."""
        if not self._roots:
            return hashlib.sha256().digest()
        node = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            node = node_hash(left, node)
        return node
