"""The models in use, by the names that the settings give them, and what runs them."""

from __future__ import annotations

from collections.abc import Mapping

from index.errors import UsageError
from rag import backend, convert, evaluate
from rag.backend import Backend, Graph
from rag.config import ROOT, starters
from rag.manifest import ModelEntry
from rag.models import ModelStore

__all__ = ["Chosen"]


class Chosen:
    """Which models are in use, and whether OpenVINO or torch runs them."""

    def __init__(
        self, models: ModelStore, names: Mapping[str, str], *, reranker: str, backend: str
    ) -> None:
        """names: "generator" and "embedder" → a model; reranker: a model, "auto" or "off";
        backend: "auto", "openvino" or "torch"
        """
        self._models = models
        self._names = names
        self._reranker = reranker
        self._backend = backend

    def entry(self, role: str) -> ModelEntry:
        """The model chosen for "generator" or "embedder". Raises UsageError."""
        name = self._names[role]
        entry = self._models.manifest.get(name)
        if entry.role != role:
            raise UsageError(f"models.{role} = {name!r}: that model is {_a(entry.role)}.")
        return entry

    def reranking(self) -> ModelEntry | None:
        """The reranker in use: the one named, or with "auto" the first that is installed.

        None where there is none. Raises UsageError.
        """
        name = self._reranker
        if name == "off":
            return None
        known = self._models.manifest
        if name == "auto":
            rerankers = [entry for entry in known.entries if entry.role == "reranker"]
            return next((entry for entry in rerankers if self._models.installed(entry)), None)
        entry = known.get(name)
        if entry.role != "reranker":
            raise UsageError(f"retrieval.reranker = {name!r}: that model is {_a(entry.role)}.")
        return entry

    def runs_on(self, entry: ModelEntry) -> Backend:
        """What runs an embedder or a reranker.

        Raises ModelError where the backend asked for is not here.
        """
        return backend.choose(self._backend, entry, self._models.folder(entry))

    def convertible(self, entry: ModelEntry) -> bool:
        """Whether `convert` would make a model faster: it is asked for, and not yet done."""
        asked = self._backend
        if entry.role not in convert.ROLES or asked == "torch" or convert.absent():
            return False
        return not backend.sound(entry, self._models.folder(entry))

    def verify_graph(self, entry: ModelEntry) -> None:
        """Raises ChecksumError where a model's graph is not the one that was made."""
        graph = backend.made(entry, self._models.folder(entry))
        if graph is not None:
            backend.verify(graph, self._models.folder(entry))

    def convert(self, entry: ModelEntry) -> Graph:
        """Converts an embedder or reranker for OpenVINO, which takes about a minute.

        Raises UsageError, ModelError, ModelMissingError, ChecksumError, StorageError.
        """
        if entry.role not in convert.ROLES:
            raise UsageError(f"{entry.name} is {_a(entry.role)}, which is not converted.")
        folder = self._models.locate(entry.name)
        questions = ROOT / "seeds" / "questions.jsonl"
        asked = evaluate.load(questions) if questions.exists() else []
        texts = convert.calibration(entry, folder, starters(), [each.question for each in asked])
        return convert.convert(entry, folder, texts)


def _a(role: str) -> str:
    """The role with its article."""
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"
