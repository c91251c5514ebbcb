"""`refdesk eval`: the desk measured on a data set of the user's own or a public one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import StorageError, UsageError
from rag import config
from rag.build import Parts
from rag.config import ROOT, Settings
from ui.opening import print_json
from ui.progress import ProgressBar

if TYPE_CHECKING:
    from rag.answers import Asked, QuestionSet
    from rag.retrieval import Corpus
    from rag.types import Event, Form

__all__ = ["answers", "grounding", "retrieval"]

_CODE = [ROOT / "index", ROOT / "rag"]


def retrieval(arguments: argparse.Namespace) -> int:
    """Searches the data set's documents for every question."""
    from rag import datafiles
    from rag import retrieval as judged

    data = judged.load(arguments.data)
    settings = config.load(home=arguments.home, config=arguments.config)
    topics = datafiles.drawn(data.topics, arguments.limit, arguments.seed)
    with _indexed(arguments.data, data.corpus, settings) as (parts, unread):
        home = parts.settings.home
        reranker = parts.chosen.reranking()
        with ProgressBar() as bar:
            result = judged.measure(
                topics,
                data.corpus.documents,
                lambda topic, k: parts.library.search(
                    topic.text, k, today=topic.asked if arguments.dated else None
                ),
                lambda done, total: bar("Searching", done, total),
            )
            words_by = parts.library.words_by()
    figures = {
        "data": str(arguments.data),
        "documents": len(data.corpus.documents),
        "not_indexed": unread,
        "questions": result.topics,
        "without_documents": data.unjudged,
        "dated": arguments.dated,
        "seed": arguments.seed if arguments.limit else None,
        "measures": {each.name: round(each.mean, 4) for each in result.measures},
        "margins_95": {each.name: round(each.margin, 4) for each in result.measures},
        "search_s": round(result.seconds, 4),
        "words_by": words_by,
        "settings": asdict(settings.retrieval)
        | {
            "chunk_tokens": settings.index.chunk_tokens,
            "embedder": settings.models.embedder,
            "reranker": reranker.name if reranker else None,
        },
    }
    by = f", reranked by {reranker.name}" if reranker else ""
    lines = [f"{result.topics} questions, {len(data.corpus.documents)} documents{by}"]
    lines += [f"  {each.name:<12} {each.mean:.3f}  ± {each.margin:.3f}" for each in result.measures]
    lines += [f"  a search took {result.seconds * 1000:.0f} ms (median), by words with {words_by}"]
    return _told(arguments, figures, lines, home / "retrieval.json")


def answers(arguments: argparse.Namespace) -> int:
    """Asks the engine every question, goes on where an earlier run ended, and judges."""
    from rag import answers as known
    from rag import datafiles, judging, trial
    from ui import figures as shown

    choosing = bool(arguments.choices)
    data = known.load(arguments.data, arguments.questions)
    drawn = datafiles.drawn(data.questions, arguments.limit, arguments.seed, arguments.every)
    if choosing and (bare := next((each for each in drawn if not each.choices), None)):
        raise UsageError(f"The question {bare.id!r} has no `choices`. Leave out --choices.")
    predictions = known.published(arguments.against) if arguments.against else {}
    if arguments.reading:
        drawn = known.reading(drawn, arguments.data)
    settings = config.load(home=arguments.home, config=arguments.config)
    form = "choices" if choosing else "short" if arguments.short else "full"
    with _asking(arguments, data, settings) as (parts, ask, named):
        used = _used(parts, form, reading=arguments.reading)
        log = parts.settings.home / f"answers-{form}-{trial.key(used, _CODE)}.jsonl"
        with ProgressBar() as bar:
            outcomes = trial.run(
                drawn, ask, named, log, lambda done, total: bar("Asking", done, total)
            )
    judged = [
        judging.judge(asked, outcome, choosing=choosing)
        for asked, outcome in zip(drawn, outcomes, strict=True)
    ]
    found = judging.figures(judged, choosing=choosing, seed=arguments.seed)
    others = judging.compared(judged, predictions, choosing=choosing, seed=arguments.seed)
    told = {
        "data": str(arguments.data),
        "form": form,
        "reading": bool(arguments.reading),
        "left_out": data.left_out,
        "every": arguments.every,
        "limit": arguments.limit,
        "seed": arguments.seed,
        **asdict(found),
        "against": {name: asdict(each) for name, each in others.items()},
        "settings": used,
        "log": str(log),
        "questions": [
            {"id": each.asked.id, "kind": each.kind, "exact": each.exact, "f1": each.f1}
            for each in judged
        ],
    }
    lines = shown.answers(found, others) + shown.failures(judged, arguments.show)
    return _told(arguments, told, lines, log.with_suffix(".json"))


def grounding(arguments: argparse.Namespace) -> int:
    """Scores texts against the passages that they come with, as the engine does its answers."""
    from rag import datafiles
    from rag import grounding as check
    from rag.similar import remembering, similarity_by
    from ui import figures as shown

    data = check.load(arguments.data)
    texts = datafiles.drawn(data.texts, arguments.limit, arguments.seed)
    settings = config.load(home=arguments.home, config=arguments.config)
    least = settings.answer.min_support
    with closing(Parts(settings)) as parts, ProgressBar() as bar:
        similarity = similarity_by(remembering(parts.embedder.embed_passages))
        scored = list(
            check.scored(
                texts,
                similarity,
                min_support=least,
                progress=lambda done, total: bar("Checking", done, total),
            )
        )
        embedder = parts.embedder.fingerprint
    found = check.judged(
        scored, hallucinated=data.hallucinated, threshold=least, seed=arguments.seed
    )
    told = {
        "data": str(arguments.data),
        "looked_for": "hallucinated" if data.hallucinated else "supported",
        "limit": arguments.limit,
        "seed": arguments.seed,
        **asdict(found),
        "settings": {"min_support": least, "embedder": embedder},
        "texts": [
            {
                "id": each.text.id,
                "supported": each.text.supported,
                "score": each.score,
                "worst": each.worst.text if each.worst else None,
            }
            for each in scored
        ],
    }
    lines = shown.grounding(found, hallucinated=data.hallucinated)
    lines += shown.misjudged(scored, least, arguments.show)
    usual = settings.home / "eval" / f"{data.name}-{data.digest[:12]}" / "grounding.json"
    return _told(arguments, told, lines, usual)


@contextmanager
def _indexed(folder: Path, corpus: Corpus, settings: Settings) -> Iterator[tuple[Parts, int]]:
    """The parts over a library of the corpus, kept for the next time, and how many documents of
    it could not be read.
    """
    from rag import retrieval as judged

    home = settings.home / "eval" / f"{corpus.name}-{corpus.digest[:12]}"
    try:
        judged.write_documents(folder, home / "documents")
    except OSError as exc:
        raise StorageError(
            f"The documents of {corpus.name} cannot be written to {home} ({exc.strerror}). "
            "Make room, or name another --home."
        ) from exc
    with closing(Parts(replace(settings, home=home))) as parts:
        with ProgressBar() as bar:
            report = parts.library.sync(home / "documents", bar.reading)
        yield parts, len(report.failed)


@contextmanager
def _asking(
    arguments: argparse.Namespace, data: QuestionSet, settings: Settings
) -> Iterator[tuple[Parts, Callable[[Asked], Iterator[Event]], Callable[[str], Sequence[str]]]]:
    """The parts, what answers a question, and what names the documents of a path."""
    from rag.given import Given
    from rag.types import Question

    def question(asked: Asked) -> Question:
        form: Form = "short" if arguments.short else "full"
        choices = asked.choices if arguments.choices else ()
        return Question(asked.text, form=form, choices=choices, asked=asked.asked)

    if data.searched and not arguments.reading:
        from rag import retrieval as judged

        corpus = judged.corpus(arguments.data)
        with _indexed(arguments.data, corpus, settings) as (parts, _):

            def named(path: str) -> list[str]:
                entry = parts.library.get(path)
                places = dict.fromkeys((entry.path, *entry.origins, *entry.also_in))
                return [corpus.documents[int(Path(place).stem)] for place in places]

            parts.engine.warm()
            yield parts, lambda asked: parts.engine.ask(question(asked)), named
        return
    home = settings.home / "eval" / f"{data.name}-{data.digest[:12]}"
    with closing(Parts(replace(settings, home=home))) as parts:

        def ask(asked: Asked) -> Iterator[Event]:
            given = Given(asked.passages, parts.embedder, chunk_tokens=settings.index.chunk_tokens)
            return parts.engine_over(given).ask(question(asked))

        yield parts, ask, lambda path: [path]


def _used(parts: Parts, form: str, *, reading: bool) -> dict[str, object]:
    """What an answer depends on: a change asks anew."""
    settings = parts.settings
    return {
        "form": form,
        "reading": bool(reading),
        "generator": parts.chosen.entry("generator").main_file.sha256,
        "embedder": parts.embedder.fingerprint,
        "chunk_tokens": settings.index.chunk_tokens,
        "context": settings.model.context,
        **asdict(settings.retrieval),
        **asdict(settings.answer),
    }


def _told(
    arguments: argparse.Namespace, figures: dict[str, Any], lines: Sequence[str], usual: Path
) -> int:
    """Writes the figures, and prints them or the lines. Returns the exit code."""
    out: Path = arguments.out or usual
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{out} cannot be written ({exc.strerror}). Name another --out.") from exc
    if arguments.json:
        return print_json(figures)
    print("\n".join([*lines, f"Written to {out}"]))
    return 0
