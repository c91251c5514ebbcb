"""Settings to working parts: the only wiring. Nothing else reads settings."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import RefdeskError
from rag import backend, config
from rag.chosen import Chosen
from rag.closing import closing
from rag.config import ROOT, Settings
from rag.manifest import Manifest
from rag.models import ModelStore

if TYPE_CHECKING:
    from index.embed import Embedder
    from index.library import Library
    from index.parse import Parser
    from index.rerank import Reranker
    from rag.engine import Engine
    from rag.find import Reading, Searcher
    from rag.generator import Generator
    from rag.keeping import Keeper
    from rag.ledger import Ledger
    from rag.llm import LLM
    from rag.preread import Prereader
    from rag.receipts import Receipts
    from rag.replay import Difference, Telling
    from rag.types import Event, Question

Loading = Callable[[str], None]
"""Told what is about to be loaded, which may take seconds."""


class Parts:
    """The parts that the settings describe, each made when first asked for."""

    def __init__(self, settings: Settings, loading: Loading | None = None) -> None:
        self.settings = settings
        self._loading = loading or (lambda _: None)
        self._keeper_lock = threading.Lock()
        self._keeper: Keeper | None = None

    @cached_property
    def models(self) -> ModelStore:
        """The models on disk. Raises ModelError for a faulty manifest."""
        section = self.settings.models
        folder = Path(section.folder).expanduser() if section.folder else ROOT / "models"
        manifest = Manifest.load(ROOT / "models" / "manifest.toml", folder / "local.toml")
        local = Path(section.local_folder).expanduser() if section.local_folder else None
        return ModelStore(manifest, folder, local_folder=local)

    @cached_property
    def chosen(self) -> Chosen:
        """The models in use. Raises ModelError for a faulty manifest."""
        section = self.settings.models
        return Chosen(
            self.models,
            {"generator": section.generator, "embedder": section.embedder},
            reranker=self.settings.retrieval.reranker,
            backend=self.settings.embedder.backend,
        )

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder, not yet loaded. Raises ModelError where its backend is not here."""
        entry = self.chosen.entry("embedder")
        return backend.embedder(
            self.settings.embedder.backend,
            entry,
            self.models.folder(entry),
            check=lambda: self.models.locate(entry.name),
            loading=lambda: self._loading(f"Loading {entry.name}"),
        )

    @cached_property
    def reranker(self) -> Reranker | None:
        """The reranker, not yet loaded; None for none. Raises UsageError, ModelError."""
        entry = self.chosen.reranking()
        if entry is None:
            return None
        return backend.reranker(
            self.settings.embedder.backend,
            entry,
            self.models.folder(entry),
            check=lambda: self.models.locate(entry.name),
            loading=lambda: self._loading(f"Loading {entry.name}"),
        )

    @cached_property
    def parser(self) -> Parser:
        """Reads files in a process of its own, which starts with the first that needs it."""
        from index.parse import Parser

        section = self.settings.index
        return Parser(seconds=section.parse_seconds, memory_mb=section.parse_memory_mb)

    @cached_property
    def library(self) -> Library:
        """The library in the data folder. Raises CorruptError, StorageError, BusyError."""
        from index.library import Library, LibrarySettings
        from index.ranking import Weights

        section = self.settings
        return Library(
            section.home,
            self.embedder,
            LibrarySettings(
                chunk_tokens=section.index.chunk_tokens,
                max_file_bytes=section.index.max_file_mb * 1024 * 1024,
                store=section.index.store,
                words=section.retrieval.words,
                candidates=section.retrieval.candidates,
                weights=Weights(
                    fusion=section.retrieval.fusion,
                    words=section.retrieval.words_weight,
                    articles=section.retrieval.article_weight,
                    named=section.retrieval.named_weight,
                    recent=section.retrieval.recent_weight,
                    rrf_k=section.retrieval.rrf_k,
                ),
                merge_versions=section.retrieval.merge_versions,
                rerank=section.retrieval.rerank,
            ),
            read=self.parser,
            reranker=self.reranker,
            # What was read of a document goes with it.
            changed=lambda numbers: self.generator.shelving.keep_only(set(map(str, numbers))),
        )

    @cached_property
    def engine(self) -> Engine:
        """The engine; its model is loaded when it is first needed."""
        return self.engine_over(self.library)

    @property
    def reading(self) -> Reading:
        """How much of what a search finds is read."""
        from rag.find import Reading

        answer, retrieval = self.settings.answer, self.settings.retrieval
        return Reading(
            passages=answer.passages,
            passage_tokens=answer.passage_tokens,
            min_share=answer.min_share,
            neighbours=answer.neighbours,
            min_similarity=answer.min_similarity,
            join_adjacent=retrieval.join_adjacent,
            drop_repeats=retrieval.drop_repeats,
        )

    def engine_over(self, searcher: Searcher) -> Engine:
        """The engine over passages from elsewhere than the library."""
        from rag.engine import Engine, Policy

        answer = self.settings.answer
        return Engine(
            searcher,
            self.embedder,
            self.llm,
            self.generator.family,
            Policy(
                reading=self.reading,
                max_tokens=answer.max_tokens,
                question_characters=answer.question_characters,
                min_answerable=answer.min_answerable,
                min_support=answer.min_support,
                drop_unsupported=answer.unsupported == "drop",
                follow_ups=answer.follow_ups,
                spelling=answer.spelling,
            ),
            model=self.generator.name,
        )

    @cached_property
    def generator(self) -> Generator:
        """The language model in use, not yet loaded. Raises ModelError for a faulty manifest."""
        from rag.generator import Generator

        settings = self.settings
        return Generator(
            settings.model, settings.origins, settings.home, self.chosen, self.models,
            self._loading,
        )  # fmt: skip

    def llm(self) -> LLM:
        """The language model, loaded once. Raises ModelMissingError, ChecksumError, ModelError."""
        return self.generator.llm()

    @cached_property
    def prereader(self) -> Prereader:
        """Reads the library's passages beforehand. Raises as `engine` does."""
        from rag.preread import Prereader

        return Prereader(self.library, self.generator.family, self.llm, self.generator.shelf)

    def follow(self) -> None:
        """Begins to read passages beforehand, until `close`, if the settings say so."""
        if self.settings.model.preread_mb and self.settings.serve.preread:
            self.prereader.start()

    @cached_property
    def receipts(self) -> Receipts:
        """The receipts in the data folder."""
        from rag.receipts import Receipts

        return Receipts(self.settings.home / "receipts", self.settings.receipts.most)

    @cached_property
    def ledger(self) -> Ledger:
        """What answers took."""
        from rag.ledger import Ledger

        return Ledger(self.settings.home / "costs.jsonl")

    @property
    def keeper(self) -> Keeper:
        """Keeps receipts and counts costs, as the settings say."""
        from rag import energy
        from rag.keeping import Keeper

        section = self.settings.cost
        with self._keeper_lock:
            if self._keeper is None:
                self._keeper = Keeper(
                    self.receipts if self.settings.receipts.keep else None,
                    self.ledger,
                    energy.Meter(energy.counter(section.watts_per_core, self._busy_s)),
                    lambda: self.circumstances(self.library.revision()),
                    model=self.settings.models.generator,
                    tariff=section.tariff,
                    currency=section.currency,
                )
            return self._keeper

    def _busy_s(self) -> float:
        """Core seconds of this process and of the model's, so far."""
        return time.process_time() + self.generator.busy_s

    def circumstances(self, revision: int | None = None) -> dict[str, Any]:
        """What answers are made with now. revision: of the library; None: there is none.

        Raises UsageError, ModelError.
        """
        from rag import circumstances

        rows = config.describe(self.settings)
        embedder = self.chosen.entry("embedder")
        return circumstances.made_with(
            {row.name: row.value for row in rows if circumstances.matters(row.name)},
            self.chosen.entry("generator"),
            embedder,
            self.chosen.runs_on(embedder),
            self.chosen.reranking(),
            self.generator.runs,
            revision,
        )

    def ask(self, question: Question | str) -> Iterator[Event]:
        """Asks, and keeps the answer's receipt. From a cold start the language model is loaded
        while the articles are searched. Raises as `Engine.ask` does.
        """
        from rag.types import Finished, Question

        asked = question if isinstance(question, Question) else Question(question)
        with closing(self.keeper.kept(asked, self._asked)) as events:
            for event in events:
                if isinstance(event, Finished) and "prereader" in self.__dict__:
                    self.prereader.wish(event.answer.sources)
                yield event

    def prepare(self, question: Question) -> Iterator[Event]:
        """Makes ready what a question that is being typed will need, once the model is loaded.

        Raises as `Engine.prepare` does.
        """
        if self.generator.loaded is not None and self.settings.serve.type_ahead:
            yield from self.engine.prepare(question)

    def _asked(self, question: Question) -> Iterator[Event]:
        events = self.engine.ask(question)
        yield next(events)  # the question is sound: it is worth loading a model for
        if self.generator.loaded is None and not self.library.is_empty():
            threading.Thread(target=self._preload, daemon=True).start()
        yield from events

    def replay(
        self, receipt: Mapping[str, Any], say: Telling = lambda *_: None
    ) -> list[Difference]:
        """Answers again as a receipt has it, without the library. Returns what differs.

        Raises ReceiptError, and what `Engine.ask` raises.
        """
        from rag import given, replay

        engine = self.engine_over(given.Given([], self.embedder))
        return replay.replayed(receipt, engine, self.circumstances, say)

    def _preload(self) -> None:
        # What fails here fails again, and is told, when the engine asks for the model.
        with contextlib.suppress(RefdeskError):
            self.engine.warm_model()

    def close(self) -> None:
        """Frees the model, closes the library and ends the parser, where they were opened."""
        reader = self.prereader if "prereader" in self.__dict__ else None
        if reader:
            reader.stop()
        if "generator" in self.__dict__:
            self.generator.close()
        if reader:
            reader.join()
        if "library" in self.__dict__:
            self.library.close()
        if "parser" in self.__dict__:
            self.parser.close()
