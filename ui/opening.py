"""What every command begins and ends with: the parts it needs, and JSON on standard output."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rag import config
from rag.build import Parts

__all__ = ["opened", "print_json"]


@contextmanager
def opened(
    arguments: argparse.Namespace,
    overrides: dict[str, Any] | None = None,
    loading: Callable[[str], None] | None = None,
) -> Iterator[Parts]:
    """The parts that the settings describe, closed at the end. Raises RefdeskError."""
    settings = config.load(home=arguments.home, config=arguments.config, overrides=overrides)
    parts = Parts(settings, loading)
    try:
        yield parts
    finally:
        parts.close()


def print_json(value: object) -> int:
    """Prints `value`. Returns the exit code of a command that is done."""
    print(json.dumps(value, ensure_ascii=False, indent=2))
    return 0
