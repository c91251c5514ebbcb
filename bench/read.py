"""What each step between search and prompt brings to what the model reads.

    python bench/read.py --data DIR [--data DIR ...] [--home DIR] [--every K] [--limit N] [--seed N]

--data  a folder as `refdesk eval answers` takes it, with a corpus; its documents are indexed once,
        in the same library below the data folder that the command uses
--every, --limit, --seed  each K-th of the answerable questions; of these N drawn with the seed

For each question the engine searches, focuses and packs at the budget in force, and no language
model is loaded. Counted: the questions of which a known answer, or marked evidence, stands in what
the model would read; the tokens of the passages, by the embedder's tokenizer; and the questions
that gained or lost their answer against what is shipped. The last line is one JSON
document.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from index.embed import Embedder, Vectors
from index.types import Filter, Hit
from rag import answers, config, datafiles, retrieval
from rag.answers import Asked
from rag.build import Parts
from rag.engine import Engine, Policy
from rag.find import Searcher
from rag.measures import holds
from rag.prompt import FAMILIES
from rag.similar import remembering
from rag.types import Question, Source, Sources
from ui.progress import ProgressBar

VARIANTS: dict[str, dict[str, Any]] = {
    "shipped": {},
    "far passages too": {"min_share": 0.0},
    "no neighbours": {"neighbours": False},
    "neither": {"min_share": 0.0, "neighbours": False},
    "repeats too": {"drop_repeats": False},
    "adjacent joined": {"join_adjacent": True},
}
"""What differs from the settings, of `rag.find.Reading`."""

SHIPPED = "shipped"


class Remembering:
    """A searcher that searches once for what all variants ask."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._found: dict[tuple[object, ...], list[Hit]] = {}

    def search(
        self,
        question: str,
        k: int = 10,
        where: Filter | None = None,
        today: dt.date | None = None,
    ) -> list[Hit]:
        key = (question, k, where, today)
        if key not in self._found:
            self._found[key] = self._searcher.search(question, k, where, today)
        return self._found[key]

    def spelt(self, question: str) -> str:
        return self._searcher.spelt(question)

    def passage(self, document: int, start: int, end: int) -> str:
        return self._searcher.passage(document, start, end)

    def is_empty(self) -> bool:
        return self._searcher.is_empty()

    def warm(self) -> None:
        self._searcher.warm()


class EmbeddedOnce:
    """An embedder that embeds each sentence once."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = embedder.name
        self.fingerprint = embedder.fingerprint
        self.dimension = embedder.dimension
        self.limit = embedder.limit
        self.count = embedder.count
        self.embed_queries = embedder.embed_queries
        self.embed_passages: Callable[[Sequence[str]], Vectors] = remembering(
            embedder.embed_passages
        )


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--data", type=Path, action="append", required=True)
    flags.add_argument("--home", type=Path)
    flags.add_argument("--every", type=int, default=1)
    flags.add_argument("--limit", type=int)
    flags.add_argument("--seed", type=int, default=0)
    arguments = flags.parse_args()
    figures = {folder.name: _set(folder, arguments) for folder in arguments.data}
    for name, found in figures.items():
        print(f"\n{name}: {found['questions']} questions")
        for variant, each in found["variants"].items():
            print(
                f"  {variant:<18} answer read {each['read']:.3f}  tokens {each['tokens']:5.1f}"
                f"  articles {each['articles']:.2f}  gained {each['gained']}  lost {each['lost']}"
            )
    print(json.dumps(figures))
    return 0


def _set(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    corpus = retrieval.corpus(folder)
    asked = [each for each in answers.load(folder).questions if each.answerable]
    asked = datafiles.drawn(asked, arguments.limit, arguments.seed, arguments.every)
    settings = config.load(home=arguments.home)
    home = settings.home / "eval" / f"{corpus.name}-{corpus.digest[:12]}"
    with closing(Parts(replace(settings, home=home))) as parts, ProgressBar() as bar:
        if parts.library.is_empty():
            retrieval.write_documents(folder, home / "documents")
            parts.library.sync(home / "documents", bar.reading)
        packed = _packed(parts, asked, lambda done: bar("Packing", done, len(asked)))
        count = parts.embedder.count
        shipped = [_holds(*each) for each in zip(asked, packed[SHIPPED], strict=True)]
        variants = {
            name: _figures(asked, sources, shipped, count) for name, sources in packed.items()
        }
    return {"questions": len(asked), "variants": variants}


def _packed(
    parts: Parts, asked: Sequence[Asked], done: Callable[[int], None]
) -> dict[str, list[tuple[Source, ...]]]:
    """What the model would read of each question, by variant."""
    searcher, embedder = Remembering(parts.library), EmbeddedOnce(parts.embedder)
    entry = parts.chosen.entry("generator")
    family = FAMILIES[entry.family]
    engines = {
        name: Engine(
            searcher,
            embedder,
            parts.llm,
            family,
            Policy(reading=replace(parts.reading, **changed)),
            model=entry.name,
        )
        for name, changed in VARIANTS.items()
    }
    packed: dict[str, list[tuple[Source, ...]]] = {name: [] for name in engines}
    for number, each in enumerate(asked):
        done(number)
        for name, engine in engines.items():
            packed[name].append(_sources(engine, each))
    done(len(asked))
    return packed


def _sources(engine: Engine, asked: Asked) -> tuple[Source, ...]:
    # What comes after the sources, which the model would be loaded for, is never asked for.
    events = engine.ask(Question(asked.text, asked=asked.asked))
    return next(event.sources for event in events if isinstance(event, Sources))


def _holds(asked: Asked, sources: Sequence[Source]) -> bool:
    """Whether a known answer stands in what is read, as whole words; or evidence where marked."""
    known = asked.evidence or asked.answers
    return any(holds(source.read_text, known) for source in sources)


def _figures(
    asked: Sequence[Asked],
    packed: Sequence[tuple[Source, ...]],
    shipped: Sequence[bool],
    count: Callable[[Sequence[str]], list[int]],
) -> dict[str, float]:
    held = [_holds(*each) for each in zip(asked, packed, strict=True)]
    pairs = list(zip(held, shipped, strict=True))
    return {
        "read": statistics.fmean(held),
        "tokens": statistics.fmean(sum(count([s.read_text for s in each])) for each in packed),
        "articles": statistics.fmean(len({s.document_id for s in each}) for each in packed),
        "gained": sum(now and not before for now, before in pairs),
        "lost": sum(before and not now for now, before in pairs),
    }


if __name__ == "__main__":
    sys.exit(main())
