"""The verb `ask` of bench/peers.py: one question after another, and how good the answers are."""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from peers_index import written
from peers_run import command, models, output, received

from rag import answers, config, measures
from rag.build import Parts
from rag.statements import parse
from rag.terms import terms
from rag.types import Finished, Form, Question

LONGEST_S = 180.0
EMBEDDED_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Said:
    """An answer without markers, "" where Refdesk refused."""

    program: str
    question: str
    known: tuple[str, ...]
    answer: str
    seconds: float
    core_s: float


Ask = Callable[[answers.Asked, "int | None"], tuple[str, float, float]]
"""A question and how many passages to read, or None → an answer, its seconds, and core seconds."""


def asking(given: argparse.Namespace, place: Path) -> dict[str, Any]:
    known = [each for each in answers.load(given.data).questions if each.answerable]
    count = min(len(known), given.questions + given.defaults)
    asked = random.Random(given.seed).sample(known, count)
    runs: dict[str, list[Said]] = {"budget": [], "defaults": []}
    with ExitStack() as stack:
        parts = stack.enter_context(closing(Parts(config.load(home=given.home))))
        if given.own:
            place = given.own
            passages: Any = splits(given, parts, place)
        else:
            passages = exported(given.home / "library.sqlite", place)
        print(f"{passages} passages, {count} questions", flush=True)
        programs = dict(started(given, parts, place, stack))
        for ask in programs.values():
            ask(answers.Asked("", "Who is the president of France?"), 1)  # loads what is left
        for number, each in enumerate(asked):
            name = "budget" if number < given.questions else "defaults"
            turn = number % len(programs)
            order = [*programs][turn:] + [*programs][:turn]
            for program in order:
                time.sleep(given.pause)
                said = programs[program](each, given.top_k if name == "budget" else None)
                runs[name].append(Said(program, each.text, each.answers, *said))
                print(f"{number + 1:3} {program:13} {said[1]:6.1f} s  {said[0][:70]!r}", flush=True)
                if given.said:
                    with given.said.open("a", encoding="utf-8") as file:
                        file.write(json.dumps({"run": name, **asdict(runs[name][-1])}) + "\n")
    result: dict[str, Any] = {"passages": passages, "top_k": given.top_k}
    for name, run in runs.items():
        result[name] = {program: figures(run, program) for program in programs} if run else {}
        if run:
            print_table(name, result[name])
    return result


def started(
    given: argparse.Namespace, parts: Parts, place: Path, stack: ExitStack
) -> Iterator[tuple[str, Ask]]:
    """Each program by name, loaded."""
    for name in given.only:
        start = time.perf_counter()
        if name == "refdesk":
            yield "refdesk", refdesk(parts, "full")
        elif name == "refdesk_short":
            yield "refdesk_short", refdesk(parts, "short")
        else:
            job = {**models(parts), "passages": str(place / name if given.own else place)}
            yield name, stack.enter_context(peer(given, name, job, place))
            print(f"{name} loaded in {time.perf_counter() - start:.0f} s", flush=True)


def refdesk(parts: Parts, form: Form) -> Ask:
    """Refdesk as `refdesk ask` and the page ask it, on the day on which a question was asked."""

    def ask(asked: answers.Asked, top_k: int | None) -> tuple[str, float, float]:
        start, busy = time.perf_counter(), parts._busy_s()
        for event in parts.ask(Question(asked.text, asked=asked.asked, form=form)):
            if isinstance(event, Finished):
                found = event.answer
        seconds = time.perf_counter() - start
        said = "" if found.refused else parse(found.text)[0].strip()
        return said, seconds, parts._busy_s() - busy

    return ask


@contextmanager
def peer(given: argparse.Namespace, name: str, job: dict[str, Any], place: Path) -> Iterator[Ask]:
    """A program of the other environment, loaded."""
    with output(given, name) as log:
        process = command(given, name, "ask", job, place, log)
        try:
            received(process, name)

            def ask(asked: answers.Asked, top_k: int | None) -> tuple[str, float, float]:
                assert process.stdin
                print(json.dumps({"question": asked.text, "top_k": top_k}), file=process.stdin)
                process.stdin.flush()
                reply = received(process, name)
                return str(reply["answer"]).strip(), reply["seconds"], reply["core_s"]

            yield ask
        finally:
            process.kill()
            process.wait()


def exported(library: Path, place: Path) -> int:
    """Writes what was embedded of a library's passages, and the vectors. Returns how many."""
    with closing(sqlite3.connect(f"{library.resolve().as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT c.header, c.text, v.vector FROM chunk c JOIN vector v ON v.id = c.vector"
        ).fetchall()
    texts = [f"{header}\n{text}" for header, text, _ in rows]
    (place / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    np.save(place / "vectors.npy", np.array([np.frombuffer(row[2], dtype="<f4") for row in rows]))
    return len(rows)


def splits(given: argparse.Namespace, parts: Parts, place: Path) -> dict[str, int]:
    """Has each program split the articles, and embeds the passages. Returns how many each makes."""
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "articles").exists():
        written(given.data, None, place / "articles")
    made = {}
    for name in given.only:
        if name.startswith("refdesk"):
            continue
        into = place / name
        if not (into / "vectors.npy").exists():
            into.mkdir(exist_ok=True)
            job = {**models(parts), "articles": str(place / "articles"), "into": str(into)}
            with output(given, name) as log, command(given, name, "split", job, place, log) as run:
                received(run, name)
            texts = json.loads((into / "texts.json").read_text(encoding="utf-8"))
            vectors = []
            for at in range(0, len(texts), EMBEDDED_AT_ONCE):
                vectors.append(parts.embedder.embed_passages(texts[at : at + EMBEDDED_AT_ONCE]))
                print(f"\r{name}: {at} of {len(texts)} passages", end="", flush=True)
            print()
            np.save(into / "vectors.npy", np.concatenate(vectors))
        made[name] = len(np.load(into / "vectors.npy", mmap_mode="r"))
    return made


def figures(run: Sequence[Said], program: str) -> dict[str, Any]:
    """Of a program: times, also as multiples of Refdesk's (medians over questions; 1 where Refdesk
    was not asked), and how often it was right.
    """
    own = [each for each in run if each.program == program]
    kept = [each for each in own if each.seconds <= LONGEST_S]
    base = {each.question: each for each in run if each.program.startswith("refdesk")}
    if not kept:
        return {"n": 0, "too_long": len(own)}
    right = measures.share([(float(measures.holds(each.answer, each.known)), 1) for each in kept])
    words = measures.share([(float(in_words(each.answer, each.known)), 1) for each in kept])
    f1 = measures.share([(measures.f1(each.answer, each.known), 1) for each in kept])
    seconds = [each.seconds for each in kept]
    return {
        "n": len(kept),
        "too_long": len(own) - len(kept),
        "median_s": statistics.median(seconds),
        "p95_s": measures.percentile(seconds, 0.95),
        "median_core_s": statistics.median(each.core_s for each in kept),
        "times_refdesk": statistics.median(
            each.seconds / base.get(each.question, each).seconds for each in kept
        ),
        "times_refdesk_core": statistics.median(
            each.core_s / base.get(each.question, each).core_s for each in kept
        ),
        "words": statistics.median(len(each.answer.split()) for each in kept),
        "right": [right.value, right.low, right.high],
        "right_in_words": [words.value, words.low, words.high],
        "f1": [f1.value, f1.low, f1.high],
    }


def in_words(answer: str, known: Sequence[str]) -> bool:
    """Whether all words of a known answer are in this one, in any order and form."""
    said = set(terms(answer))
    return any(wanted and wanted <= said for wanted in (set(terms(each)) for each in known))


def print_table(name: str, table: dict[str, dict[str, Any]]) -> None:
    print(
        f"\n{name:13}   n  median s  p95 s  core s  x refdesk  of cores  words"
        "  right (95 %)         in words (95 %)      F1 (95 %)"
    )
    for program, row in table.items():
        if row["too_long"]:
            print(f"{program:13} {row['too_long']} answers took longer than {LONGEST_S:.0f} s")
        if not row["n"]:
            continue
        shares = "  ".join(
            "{:.2f} ({:.2f} to {:.2f})".format(*row[key])
            for key in ("right", "right_in_words", "f1")
        )
        print(
            f"{program:13} {row['n']:3} {row['median_s']:9.1f} {row['p95_s']:6.1f}"
            f" {row['median_core_s']:7.1f} {row['times_refdesk']:10.2f}"
            f" {row['times_refdesk_core']:9.2f} {row['words']:6.0f}  {shares}"
        )
