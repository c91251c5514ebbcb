"""How alike texts are, by whatever embeds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from index.embed import Vectors

Similarity = Callable[[Sequence[str], Sequence[str]], npt.NDArray[np.float32]]
"""Cosine similarities of two lists of texts, shape (len(first), len(second))."""

Embed = Callable[[Sequence[str]], Vectors]


def similarity_by(embed: Embed, question: str = "") -> Similarity:
    """embed texts → unit vectors. question: stands before every text of the first list; the words
    of a short answer say little without it."""

    def similarity(claims: Sequence[str], passages: Sequence[str]) -> npt.NDArray[np.float32]:
        asked = [f"{question} {claim}" for claim in claims] if question else list(claims)
        vectors = embed([*asked, *passages])
        return np.asarray(vectors[: len(asked)] @ vectors[len(asked) :].T, dtype=np.float32)

    return similarity


def remembering(embed: Embed, most: int | None = None) -> Embed:
    """`embed` that embeds no text twice: several texts are often held against one passage.

    most  texts kept; beyond them all are forgotten. None: no limit
    """
    known: dict[str, Vectors] = {}

    def embedded(texts: Sequence[str]) -> Vectors:
        held = dict(known)  # another thread may forget
        if new := [text for text in dict.fromkeys(texts) if text not in held]:
            held.update(zip(new, embed(new), strict=True))
            if most is not None and len(held) > most:
                known.clear()
            known.update((text, held[text]) for text in new)
        return np.stack([held[text] for text in texts])

    return embedded
