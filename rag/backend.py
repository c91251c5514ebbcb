"""What runs the embedder and the reranker: OpenVINO with 8-bit numbers where it can, else torch.

OpenVINO needs a graph made from the model's files once, which lies in `<model>/openvino-int8/`:
record.json, which says what it was made from and with, and the two files that it names. They are
used only while their sha256 is the record's, and the model's weights are those of the manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import ChecksumError, ModelError, ModelMissingError
from rag.fetch import file_sha256
from rag.manifest import ModelEntry

if TYPE_CHECKING:
    from index.embed import Embedder
    from index.rerank import Reranker

__all__ = [
    "FOLDER",
    "RECIPE",
    "RECORD",
    "Backend",
    "Graph",
    "choose",
    "embedder",
    "made",
    "reranker",
    "sound",
    "verify",
]

FOLDER = "openvino-int8"
RECORD = "record.json"
RECIPE = "int8-1"
"""Part of every fingerprint: raise it when `index.quantise` makes other graphs."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A converted model, as its record.json has it.

    recipe    how it was converted
    source    sha256 of the weights that it was made from
    files     name → sha256, graph.xml's first
    cosine    the least similarity of its vectors to the model's own, where that was tried; of a
              reranker, that of its scores, each question's less their mean
    versions  of the packages that made it
    """

    recipe: str
    source: str
    files: Mapping[str, str]
    dimension: int
    cosine: float
    versions: Mapping[str, str]

    @property
    def digest(self) -> str:
        return hashlib.sha256("".join(self.files.values()).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Backend:
    """What runs a model. why: the reason for torch where OpenVINO was not ruled out."""

    name: str
    why: str = ""
    graph: Graph | None = None


def choose(setting: str, entry: ModelEntry, folder: Path) -> Backend:
    """The backend for a setting of "auto", "openvino" or "torch".

    Only "openvino" raises where it cannot be had: ModelError, ModelMissingError.
    """
    if setting == "torch":
        return Backend("torch")
    graph = made(entry, folder)
    if graph is not None and find_spec("openvino"):
        return Backend("openvino", graph=graph)
    if not find_spec("openvino"):
        why = "the package openvino is not installed; it is on Linux with an x86-64 processor"
        kind: type[ModelError] = ModelError
    else:
        why = f"not converted for OpenVINO; `refdesk models convert {entry.name}` does that"
        kind = ModelMissingError
    if setting == "openvino":
        raise kind(f"embedder.backend is openvino, and {entry.name} cannot use it: {why}.")
    return Backend("torch", why)


def embedder(
    setting: str,
    entry: ModelEntry,
    folder: Path,
    check: Callable[[], object],
    loading: Callable[[], object],
) -> Embedder:
    """The embedder, not yet loaded. Raises as `choose` does."""
    backend = choose(setting, entry, folder)
    fingerprint = f"{entry.name}:{entry.main_file.sha256[:16]}"
    about: dict[str, Any] = {
        "name": entry.name,
        "limit": entry.context,
        "query_prefix": entry.query_prefix,
        "passage_prefix": entry.passage_prefix,
        "loading": loading,
    }
    graph = backend.graph
    if graph is None:
        from index.embed import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(folder, fingerprint=fingerprint, check=check, **about)
    from index.openvino import OpenVinoEmbedder

    def both() -> None:
        check()
        verify(graph, folder)

    return OpenVinoEmbedder(
        folder,
        graph=folder / FOLDER / next(iter(graph.files)),
        # Two graphs of one model may differ: processors round the calibration differently.
        fingerprint=f"{fingerprint}:{graph.recipe}:{graph.digest}",
        dimension=graph.dimension,
        check=both,
        **about,
    )


def reranker(
    setting: str,
    entry: ModelEntry,
    folder: Path,
    check: Callable[[], object],
    loading: Callable[[], object],
) -> Reranker:
    """The reranker, not yet loaded. Raises as `choose` does."""
    graph = choose(setting, entry, folder).graph
    about: dict[str, Any] = {"name": entry.name, "limit": entry.context, "loading": loading}
    if graph is None:
        from index.rerank import CrossEncoderReranker

        return CrossEncoderReranker(folder, check=check, **about)
    from index.openvino import OpenVinoReranker

    def both() -> None:
        check()
        verify(graph, folder)

    return OpenVinoReranker(
        folder, graph=folder / FOLDER / next(iter(graph.files)), check=both, **about
    )


def verify(graph: Graph, folder: Path) -> None:
    """Raises ChecksumError where a file of the graph is not the one that was made."""
    for name, expected in graph.files.items():
        path = folder / FOLDER / name
        found = file_sha256(path) if path.is_file() else "no file"
        if found != expected:
            raise ChecksumError(
                f"{path} is not the file that was made (expected sha256 {expected}, got {found}). "
                f"Make it again with `refdesk models convert {folder.name}`."
            )


def sound(entry: ModelEntry, folder: Path) -> bool:
    """Whether the model has a graph, and its files are those that were made."""
    graph = made(entry, folder)
    try:
        if graph is not None:
            verify(graph, folder)
    except ChecksumError:
        return False
    return graph is not None


def made(entry: ModelEntry, folder: Path) -> Graph | None:
    """The graph of the model as it is now; None where there is none, or of other weights."""
    try:
        graph = Graph(**json.loads((folder / FOLDER / RECORD).read_text(encoding="utf-8")))
        plain = all(Path(name).name == name for name in graph.files)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    fits = graph.recipe == RECIPE and graph.source == entry.main_file.sha256
    return graph if fits and plain and graph.files else None
