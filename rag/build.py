"""Settings to working parts: the only wiring. Nothing else reads settings."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import ModelError, RefdeskError
from rag import backend, config
from rag.chosen import Chosen
from rag.closing import closing
from rag.config import ROOT, Settings
from rag.manifest import Manifest
from rag.models import ModelStore
from rag.prompt import FAMILIES, Family

if TYPE_CHECKING:
    from index.embed import Embedder
    from index.library import Library
    from index.parse import Parser
    from index.rerank import Reranker
    from rag.calibration import Calibrations
    from rag.engine import Engine
    from rag.find import Reading, Searcher
    from rag.keeping import Keeper
    from rag.ledger import Ledger
    from rag.llm import LLM
    from rag.preread import Prereader
    from rag.receipts import Receipts
    from rag.remote import Remote
    from rag.replay import Difference, Telling
    from rag.shelf import Held, Shelf, Shelving
    from rag.tuning import InForce
    from rag.types import Event, Question

_PATIENCE_S = 5.0

Loading = Callable[[str], None]
"""Told what is about to be loaded, which may take seconds."""


class Parts:
    """The parts that the settings describe, each made when first asked for."""

    def __init__(self, settings: Settings, loading: Loading | None = None) -> None:
        self.settings = settings
        self._loading = loading or (lambda _: None)
        self._lock = threading.Lock()
        self._keeper_lock = threading.Lock()
        self._llm: Remote | None = None
        self._closing = threading.Event()
        self._following: threading.Thread | None = None
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
            changed=lambda numbers: self.shelving.keep_only(set(map(str, numbers))),
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
            self._family,
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
            model=self.chosen.entry("generator").name,
        )

    @property
    def _family(self) -> Family:
        """How the generator is spoken to. Raises ModelError."""
        entry = self.chosen.entry("generator")
        if entry.family not in FAMILIES:
            raise ModelError(
                f"{entry.name} is of the family {entry.family!r}, for which Refdesk has no "
                f"template. It knows {', '.join(FAMILIES)}."
            )
        return FAMILIES[entry.family]

    def llm(self) -> LLM:
        """The language model, loaded once. Raises ModelMissingError, ChecksumError, ModelError."""
        from rag.remote import Remote

        with self._lock:
            if self._llm is None:
                entry = self.chosen.entry("generator")
                folder = self.models.locate(entry.name)
                self._loading(f"Loading {entry.name}")
                section = self.settings.model
                path = folder / entry.main_file.name
                self._llm = Remote(
                    path,
                    name=entry.name,
                    context=min(section.context, entry.context),
                    pool=section.pool,
                    seats=section.askers,
                    tuning=self.tuning().tuning,
                    draft=section.draft,
                    gpu_layers=section.gpu_layers,
                    kept_mb=section.kept_mb,
                    shelving=self.shelving if section.preread_mb else None,
                    about=lambda: self._short_of(path),
                )
            return self._llm

    @cached_property
    def shelving(self) -> Shelving:
        """Where passages are kept that were read beforehand. Raises ModelError."""
        from rag.shelf import Shelving

        entry = self.chosen.entry("generator")
        most = self.settings.model.preread_mb * 1024 * 1024
        return Shelving(self.settings.home / "preread", most, entry.main_file.sha256)

    @cached_property
    def prereader(self) -> Prereader:
        """Reads the library's passages beforehand. Raises as `engine` does."""
        from rag.preread import Prereader

        return Prereader(self.library, self._family, self.llm, lambda: self._shelf)

    def follow(self) -> None:
        """Begins to read passages beforehand, until `close`, if the settings say so."""
        if self.settings.model.preread_mb and self.settings.serve.preread:
            self._following = threading.Thread(
                target=self.prereader.follow, args=(self._closing,), name="refdesk-preread",
                daemon=True,
            )  # fmt: skip
            self._following.start()

    def held(self) -> Held:
        """What is kept of passages that were read beforehand. Raises ModelError."""
        return self.shelving.shelf({}).held()

    @property
    def _shelf(self) -> Shelf | None:
        return self._llm.shelf if self._llm is not None else None

    @property
    def tokens(self) -> int:
        """Whose keys and values the generator's process keeps room for."""
        section = self.settings.model
        return max(section.pool, min(section.context, self.chosen.entry("generator").context))

    def _short_of(self, path: Path) -> str:
        """What a model needs that did not load, if that is more than there is; else ""."""
        from rag import advice, fitting, gguf, machine

        need = fitting.needed(path.stat().st_size, gguf.read_shape(path), self.tokens)
        return advice.short_of(need, machine.look().available)

    @cached_property
    def calibrations(self) -> Calibrations:
        """The tunings that were measured, in the data folder."""
        from rag.calibration import Calibrations

        return Calibrations(self.settings.home / "calibration.json")

    def tuning(self) -> InForce:
        """How llama.cpp is set up for the generator, and why. Raises UsageError, ModelError."""
        from rag import built, calibration, machine, tuning

        section, here = self.settings.model, machine.look()
        held = calibration.key(here, self.chosen.entry("generator"), section.gpu_layers)
        found = self.calibrations.find(held)
        return tuning.in_force(
            section,
            self.settings.origins,
            tuning.default(here.cores, card=built.on_card(section.gpu_layers)),
            found.tuning if found else None,
            found.day if found else "",
        )

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
        llm = self._llm
        return time.process_time() + (llm.busy_s if llm else 0.0)

    def circumstances(self, revision: int | None = None) -> dict[str, Any]:
        """What answers are made with now. revision: of the library; None: there is none.

        Raises UsageError, ModelError.
        """
        from rag import circumstances

        rows = config.describe(self.settings)
        embedder = self.chosen.entry("embedder")
        # Not under the lock, which is held for seconds while the model is loaded.
        llm = self._llm
        return circumstances.made_with(
            {row.name: row.value for row in rows if circumstances.matters(row.name)},
            self.chosen.entry("generator"),
            embedder,
            self.chosen.runs_on(embedder),
            self.chosen.reranking(),
            llm.runs if llm else None,
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
                if isinstance(event, Finished) and self._following:
                    self.prereader.wish(event.answer.sources)
                yield event

    def prepare(self, question: Question) -> Iterator[Event]:
        """Makes ready what a question that is being typed will need, once the model is loaded.

        Raises as `Engine.prepare` does.
        """
        if self._llm is not None and self.settings.serve.type_ahead:
            yield from self.engine.prepare(question)

    def _asked(self, question: Question) -> Iterator[Event]:
        events = self.engine.ask(question)
        yield next(events)  # the question is sound: it is worth loading a model for
        if self._llm is None and not self.library.is_empty():
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
        self._closing.set()
        with self._lock:
            if self._llm is not None:
                self._llm.close()
                self._llm = None
        if self._following is not None:
            self._following.join(_PATIENCE_S)
        if "library" in self.__dict__:
            self.library.close()
        if "parser" in self.__dict__:
            self.parser.close()
