"""A set of item keys in a fixed amount of memory: it may know too many keys, never too few."""

from __future__ import annotations

import zlib
from hashlib import blake2b
from typing import Self

#: A Bloom filter of this size with four bits a key errs for 1 in 40 keys at a million keys; when
#: it is full it knows every key, which costs reads and nothing else.
FILTER_BYTES = 1 << 20

_BITS = 8 * FILTER_BYTES
_HASHES = 4
_HASH_BITS = 32


class KeyFilter:
    """Keys of items, for instance all that one part of a file has overwritten."""

    __slots__ = ("_bits", "empty")

    def __init__(self) -> None:
        self._bits = bytearray(FILTER_BYTES)
        self.empty = True

    def add(self, sku: str, location: str) -> None:
        """Know a key from now on."""
        self.empty = False
        bits = self._bits
        for bit in _positions(sku, location):
            bits[bit >> 3] |= 1 << (bit & 7)

    def __contains__(self, key: tuple[str, str]) -> bool:
        bits = self._bits
        return all(bits[bit >> 3] & 1 << (bit & 7) for bit in _positions(*key))

    def join(self, other: bytes) -> None:
        """Know also what another filter knows, given as `to_bytes` made it."""
        self.empty = False
        joined = int.from_bytes(self._bits, "little")
        joined |= int.from_bytes(zlib.decompress(other), "little")
        self._bits[:] = joined.to_bytes(FILTER_BYTES, "little")

    def to_bytes(self) -> bytes:
        """Itself, compressed."""
        return zlib.compress(self._bits, 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The filter that `to_bytes` stored."""
        filter_ = cls()
        filter_.join(data)
        return filter_


def _positions(sku: str, location: str) -> list[int]:
    key = f"{sku}\0{location}".encode("utf-8", "surrogatepass")
    digest = int.from_bytes(blake2b(key, digest_size=_HASHES * _HASH_BITS // 8).digest(), "little")
    return [(digest >> (_HASH_BITS * turn)) % _BITS for turn in range(_HASHES)]
