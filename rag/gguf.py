"""The first bytes of a GGUF file: enough to tell that it is one, and of what size the model is.

The parser is bounded and in Python: a file that nobody vouches for is looked at here before
llama.cpp ever opens it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from index.errors import ModelError

__all__ = ["Shape", "read_context", "read_shape"]

_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_NUMBERS[12] = "d"
_MAX_KEYS, _MAX_STRING, _MAX_ARRAY = 1000, 1 << 20, 1 << 20


@dataclass(frozen=True, slots=True)
class Shape:
    """layers: of the network; kv_bytes: that a token's keys and values take at 16 bits."""

    layers: int
    kv_bytes: int


def read_context(path: Path) -> int | None:
    """The number of tokens that the model was trained to read; None where the file does not say.

    Raises ModelError for a file that is not GGUF, or is cut off within its header.
    """
    for key, value in _numbers(path):
        if key == "context_length":
            return value
    return None


def read_shape(path: Path) -> Shape | None:
    """The shape of the network; None where the file does not say. Raises as `read_context`."""
    held = dict(_numbers(path))
    layers, heads = held.get("block_count"), held.get("attention.head_count")
    pairs = held.get("attention.head_count_kv", heads)
    if not layers or not heads or not pairs:
        return None
    width = held.get("embedding_length", 0) // heads
    keys = held.get("attention.key_length", width)
    values = held.get("attention.value_length", width)
    return Shape(layers, 2 * layers * pairs * (keys + values))


def _numbers(path: Path) -> Iterator[tuple[str, int]]:
    """The whole numbers in the header by their keys, less the architecture before the first dot.

    Those that a network's shape is told in stand before the tokenizer's, where this ends.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(4) != b"GGUF":
                raise ModelError(f"{path} is not a GGUF file.")
            _number(stream, "I")  # version
            _number(stream, "Q")  # tensors
            for _ in range(min(_number(stream, "Q"), _MAX_KEYS)):
                key = _string(stream).decode("utf-8", "replace")
                kind = _number(stream, "I")
                if key.startswith("tokenizer."):
                    return
                if kind in _NUMBERS:
                    yield key.partition(".")[2], _number(stream, _NUMBERS[kind])
                else:
                    _skip(stream, kind)
    except (struct.error, ValueError, KeyError) as error:
        raise ModelError(f"{path} is not a whole GGUF file: its header is damaged.") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error


def _number(stream: BinaryIO, code: str) -> int:
    packed = stream.read(struct.calcsize("<" + code))
    return int(struct.unpack("<" + code, packed)[0])


def _string(stream: BinaryIO) -> bytes:
    length = _number(stream, "Q")
    if length > _MAX_STRING:
        raise ValueError("string too long")
    return stream.read(length)


def _skip(stream: BinaryIO, kind: int) -> None:
    if kind == _STRING:
        _string(stream)
    elif kind == _ARRAY:
        item, count = _number(stream, "I"), _number(stream, "Q")
        if count > _MAX_ARRAY:
            raise ValueError("array too long")
        if item == _STRING:
            for _ in range(count):
                _string(stream)
        else:
            stream.seek(count * struct.calcsize("<" + _NUMBERS[item]), 1)
    else:
        _number(stream, _NUMBERS[kind])
