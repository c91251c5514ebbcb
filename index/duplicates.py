"""Is one text a version of another? Shingles, MinHash and bands. Pure.

Two texts are as alike as their sets of word shingles overlap (Jaccard: shared by all). MinHash
(Broder, "On the resemblance and containment of documents", 1997) estimates that: under a random
hash, the chance that two sets have the same smallest value is their Jaccard similarity. Bands of
several such values (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3) make
it a look-up: versions share a band nearly always, other texts nearly never. Whoever shares one is
compared exactly.
"""

from __future__ import annotations

import re
import zlib
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["THRESHOLD", "bands", "jaccard", "shingles"]

Shingles = npt.NDArray[np.uint64]

THRESHOLD = 0.8
"""Texts at least this alike are versions of one article (see tests/index/test_duplicates.py)."""

_WORDS = 5
_LEAST = 20  # shingles: fewer words say too little to call two texts the same
_BANDS = 20
_ROWS = 6  # 20 bands of 6 find 99.7 % of the pairs at 0.8, and 8 % of those at 0.4
_SEED = 20_260_101  # stored bands depend on it: never changed without a migration

# Scripts that put no spaces between words are taken by the character.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+")


def shingles(text: str) -> Shingles:
    """The distinct hashes of each run of five words, sorted, shape (n,).

    Empty where the text is too short to be compared.
    """
    words = _WORD.findall(text.lower())
    found = {
        zlib.crc32(" ".join(words[at : at + _WORDS]).encode("utf-8", "replace"))
        for at in range(len(words) - _WORDS + 1)
    }
    if len(found) < _LEAST:
        return np.empty(0, np.uint64)
    return np.sort(np.fromiter(found, np.uint64, len(found)))


def jaccard(one: Shingles, other: Shingles) -> float:
    """The shared part of two sets of shingles, in [0, 1]; 0 where one is empty."""
    if not len(one) or not len(other):
        return 0.0
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)


def bands(of: Shingles) -> list[int]:
    """The keys of a text's bands, as signed 64-bit integers; none for a text too short."""
    if not len(of):
        return []
    factors, terms = _hashes()
    # Multiply-shift: (a x + b) mod 2^64, of which the upper half is used.
    smallest = ((of[None, :] * factors[:, None] + terms[:, None]) >> np.uint64(32)).min(axis=1)
    rows = smallest.astype("<u4").reshape(_BANDS, _ROWS)
    keys = [
        zlib.crc32(row.tobytes()) | zlib.crc32(row.tobytes(), n + 1) << 32
        for n, row in enumerate(rows)
    ]
    return [key - (1 << 64) if key >> 63 else key for key in keys]


@cache
def _hashes() -> tuple[Shingles, Shingles]:
    random = np.random.Generator(np.random.PCG64(_SEED))
    raw = random.bit_generator.random_raw((2, _BANDS * _ROWS))
    return raw[0] | np.uint64(1), raw[1]
