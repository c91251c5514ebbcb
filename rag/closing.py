"""Iterators closed at once, so that what makes their values stops: a model, a search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["closing"]

T = TypeVar("T")


@contextmanager
def closing(values: Iterator[T]) -> Iterator[Iterator[T]]:
    """As `contextlib.closing`, for any iterator: only generators can be closed."""
    try:
        yield values
    finally:
        close = getattr(values, "close", None)
        if close:
            close()
