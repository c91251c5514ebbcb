"""Which models fit this machine, and how fast they would answer. Pure; estimates.

A model's weights are read once for each token that is written, and computed with once for each
that is read, so both rates of another model follow from its size beside the measured one's.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.gguf import Shape
from rag.tuning import Speed

__all__ = ["Fit", "fit", "layers_on_card", "needed"]

AROUND = 750_000_000
"""Bytes beside weights and context: llama.cpp's buffers, Python, the embedder, a small library."""

_KV_BYTES = 32 * 1024
"""A token's keys and values, where the model is not here to tell: most small models take less."""


@dataclass(frozen=True, slots=True)
class Fit:
    """needed: bytes of memory; speed: in tokens a second, None where nothing was measured."""

    needed: int
    fits: bool
    speed: Speed | None
    measured: bool


def needed(weights: int, shape: Shape | None, context: int) -> int:
    """Bytes of memory for a model of so many bytes, with a context of so many tokens."""
    kv = shape.kv_bytes if shape else max(_KV_BYTES, weights // 40_000)
    return weights + kv * context + AROUND


def fit(
    weights: int, shape: Shape | None, context: int, room: int, tried: tuple[int, Speed] | None
) -> Fit:
    """A model on this machine.

    room   bytes of memory that it may take
    tried  the weights of the model that was measured, and its speed
    """
    need = needed(weights, shape, context)
    if tried is None:
        return Fit(need, need <= room, None, False)
    size, speed = tried
    return Fit(need, need <= room, speed.scaled(size / weights), size == weights)


def layers_on_card(need: int, layers: int, free: int) -> int:
    """How many of a model's layers, their keys and values with them, fit into a card's free memory.

    need  bytes, as `needed` counts them
    """
    return max(0, min(layers, (free - AROUND) * layers // (need - AROUND)))
