"""What is read in libraries of few articles, by what whole articles' words count for there.

    python bench/few.py --data DIR [--limit N] [--seed N]

--data   a folder as `refdesk eval answers` takes it, whose documents share titles (SQuAD's
         paragraphs do): those of one title make five articles on one subject, and a library
--limit  questions of each library, drawn with the seed

For each question the engine searches, focuses and packs at the budget in force; no language model
is loaded. Counted: the questions of which a known answer stands in what the model would read. The
last line is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from index.library import Library, LibrarySettings
from index.ranking import Weights
from rag import answers, config, datafiles
from rag.answers import Asked
from rag.build import Parts
from rag.engine import Engine
from rag.measures import holds
from rag.types import Source, Sources

ARTICLES = 5
FEWEST = 15
"""Documents of one title, at least."""

HALVES = (0, 5, 10, 20, 50)
"""Articles of which half the weight holds: 0 is the whole weight always; 10 is shipped."""


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--data", type=Path, required=True)
    flags.add_argument("--limit", type=int, default=12)
    flags.add_argument("--seed", type=int, default=0)
    given = flags.parse_args()
    read: dict[int, list[bool]] = defaultdict(list)
    libraries = 0
    for title, paragraphs in _by_title(given.data).items():
        if len(paragraphs) < FEWEST:
            continue
        asked = [
            each
            for each in answers.load(given.data).questions
            if each.answerable and set(each.documents) & paragraphs.keys()
        ]
        libraries += 1
        for half, found in _read(
            title, list(paragraphs.values()), datafiles.drawn(asked, given.limit, given.seed, 1)
        ):
            read[half].append(found)
    shares = {half: statistics.fmean(found) for half, found in read.items()}
    print(f"{libraries} libraries of {ARTICLES} articles, {len(read[HALVES[0]])} questions")
    for half, share in shares.items():
        print(f"  half the weight at {half:>2} articles: answer read {share:.3f}")
    print(json.dumps({"libraries": libraries, "questions": len(read[HALVES[0]]), "read": shares}))
    return 0


def _by_title(folder: Path) -> dict[str, dict[str, str]]:
    """The texts of the documents, by title and number."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row, where in datafiles.rows(datafiles.needed(folder, "corpus.jsonl", "docs/retrieval.md")):
        found[str(row["title"])][datafiles.identity(row, where)] = str(row["text"])
    return found


def _read(title: str, paragraphs: list[str], asked: list[Asked]) -> Iterator[tuple[int, bool]]:
    """Whether the answer of each question is read, for each of `HALVES`."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for at in range(ARTICLES):
            first, last = (n * len(paragraphs) // ARTICLES for n in (at, at + 1))
            mine = paragraphs[first:last]
            (home / f"{at}.md").write_text(f"# {title}\n\n" + "\n\n".join(mine), encoding="utf-8")
        with closing(Parts(replace(config.load(), home=home))) as parts:
            parts.library.add(sorted(home.glob("*.md")))
            for half in HALVES:
                weighed = LibrarySettings(weights=Weights(few=half))
                with closing(Library(home, parts.embedder, weighed)) as library:
                    for each in asked:
                        read = _sources(parts.engine_over(library), each.text)
                        yield half, any(holds(one.read_text, each.answers) for one in read)


def _sources(engine: Engine, question: str) -> tuple[Source, ...]:
    # What comes after the sources, which the model would be loaded for, is never asked for.
    return next(each.sources for each in engine.ask(question) if isinstance(each, Sources))


if __name__ == "__main__":
    sys.exit(main())
