"""What an answer was made with: versions, models, library, settings. For its receipt."""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Mapping
from typing import Any

from index.version import VERSION
from rag.backend import Backend
from rag.config import ROOT
from rag.manifest import ModelEntry

__all__ = ["code", "made_with", "matters"]

_SECTIONS = ("retrieval", "embedder", "model", "answer")
_NAMES = ("index.chunk_tokens", "index.store", "models.generator", "models.embedder")


def made_with(
    settings: Mapping[str, Any],
    generator: ModelEntry,
    embedder: ModelEntry,
    runs_on: Backend,
    reranker: ModelEntry | None,
    llama: Mapping[str, Any] | None,
    revision: int | None,
) -> dict[str, Any]:
    """The circumstances of an answer, as its receipt has them.

    settings  those that matter, by name
    llama     what runs the model, as `rag.built` tells; None: it was not needed
    revision  of the library: grows with each change; None: there was no library
    """
    graph = runs_on.graph.digest if runs_on.graph else None
    return {
        "refdesk": {"version": VERSION, "code": code()},
        "system": f"{platform.system()} {platform.machine()}",
        "model": {
            "name": generator.name,
            "file": generator.main_file.name,
            "sha256": generator.main_file.sha256,
        },
        "llama": dict(llama) if llama is not None else None,
        "embedder": {
            "name": embedder.name,
            "sha256": embedder.main_file.sha256,
            "runs_on": runs_on.name,
            "graph": graph,
        },
        "reranker": (
            {"name": reranker.name, "sha256": reranker.main_file.sha256} if reranker else None
        ),
        "library": {"revision": revision},
        "settings": dict(settings),
    }


def matters(setting: str) -> bool:
    """Whether an answer depends on a setting."""
    return setting.partition(".")[0] in _SECTIONS or setting in _NAMES


@functools.cache
def code() -> str:
    """Sixteen hex digits that change with the code that finds and answers."""
    digest = hashlib.sha256()
    for folder in ("index", "rag"):
        for file in sorted((ROOT / folder).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
