"""Beside LlamaIndex, LangChain, txtai and Haystack: answering questions, and taking in articles.

    python bench/peers.py ask --python PYTHON --data DIR --home DIR [--questions 30] [--defaults 8]
    python bench/peers.py index --python PYTHON --data DIR [--limit 1000] [--rounds 1]

--python    the Python of an environment with bench/peers/requirements.txt, as bench/peers/README.md
            makes it
--data      questions and their corpus, in a folder as docs/evaluation.md describes it
--home      a data folder with a library of that corpus, as `refdesk eval answers` leaves it in
            `eval/`
--only      some of the programs, by name; `refdesk_short` is Refdesk asked for short answers, in a
            run without `refdesk`

Each program has a script in bench/peers/, as its own documentation would have it, and a process.
All have the same GGUF file and embedder, and as many threads.

`ask` gives them the library's passages, each with its title and date before it, and their vectors.
Every question is put to one program after the other, in an order that moves on with each question:
--questions with as many passages as come near what Refdesk reads (--top-k), then --defaults more
with as many as each program takes by itself. Seconds are from the question to the finished answer.
An answer is right where it holds a known answer, word for word, and right in words where it has all
words of one, in any order and form; a refusal is wrong. Answers that took longer than 180 s are
counted and left out.

`index` writes the first --limit articles as text files. Seconds are from the start of a command to
the saved index of all of them; of Refdesk, `refdesk add`.

Prints a table; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from rag import answers, config, datafiles, measures
from rag.build import Parts
from rag.statements import parse
from rag.terms import terms
from rag.types import Finished, Form, Question

ROOT = Path(__file__).resolve().parent.parent
PEERS = ("llama_index", "langchain", "txtai", "haystack")
CONTEXT = 4096
LONGEST_S = 180.0
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
}


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


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = flags.add_subparsers(dest="verb", required=True)
    for name in ("ask", "index"):
        verb = verbs.add_parser(name)
        verb.add_argument("--python", type=Path, required=True)
        verb.add_argument("--data", type=Path, required=True)
        known = ["refdesk", *PEERS, *(["refdesk_short"] if name == "ask" else [])]
        verb.add_argument("--only", nargs="+", default=["refdesk", *PEERS], choices=known)
        verb.add_argument("--logs", type=Path, help="a folder for what the programs print")
        if name == "ask":
            verb.add_argument("--home", type=Path, required=True)
            verb.add_argument("--questions", type=int, default=30)
            verb.add_argument("--defaults", type=int, default=8)
            verb.add_argument("--top-k", type=int, default=2)
            verb.add_argument("--seed", type=int, default=0)
            verb.add_argument("--pause", type=float, default=0.0, help="seconds between answers")
            verb.add_argument("--said", type=Path, help="a file for all answers, as JSON lines")
        else:
            verb.add_argument("--limit", type=int, default=1000)
            verb.add_argument("--rounds", type=int, default=1)
    given = flags.parse_args()
    if {"refdesk", "refdesk_short"} <= set(given.only):
        flags.error("refdesk_short would find what was read for refdesk: ask them in two runs")
    with tempfile.TemporaryDirectory() as place:
        result = (asking if given.verb == "ask" else indexing)(given, Path(place))
    print(json.dumps(result))
    return 0


# Asking


def asking(given: argparse.Namespace, place: Path) -> dict[str, Any]:
    known = [each for each in answers.load(given.data).questions if each.answerable]
    count = min(len(known), given.questions + given.defaults)
    asked = random.Random(given.seed).sample(known, count)
    runs: dict[str, list[Said]] = {"budget": [], "defaults": []}
    with ExitStack() as stack:
        parts = stack.enter_context(closing(Parts(config.load(home=given.home))))
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
            job = {**models(parts), "passages": str(place)}
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


# Taking in


def indexing(given: argparse.Namespace, place: Path) -> dict[str, Any]:
    folder = place / "articles"
    characters = written(given.data, given.limit, folder)
    print(f"{given.limit} articles of {characters / given.limit:.0f} characters", flush=True)
    with closing(Parts(config.load(home=place))) as parts:
        held = models(parts)
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in given.only}
    for number in range(given.rounds):
        for name in given.only:
            into = place / f"{name}-{number}"
            row = (
                added(folder, into)
                if name == "refdesk"
                else taken_in(given, name, {**held, "articles": str(folder), "into": str(into)})
            )
            seen[name].append(row)
            print(f"{name:12} " + "  ".join(f"{k} {v:.1f}" for k, v in row.items()), flush=True)
    result = {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for name, rows in seen.items()
    }
    return {"articles": given.limit, "characters": characters, **result}


def written(data: Path, limit: int, into: Path) -> int:
    """Writes the first articles of a corpus as text files. Returns how many characters."""
    into.mkdir()
    total = 0
    corpus = datafiles.needed(data, "corpus.jsonl", answers.DOCS)
    for number, (row, _) in enumerate(datafiles.rows(corpus)):
        if number == limit:
            break
        text = f"{row.get('title') or ''}\n\n{row['text']}\n"
        total += len(text)
        (into / f"{number:05}.txt").write_text(text, encoding="utf-8")
    return total


def added(folder: Path, home: Path) -> dict[str, float]:
    """What `refdesk add` takes."""
    start, busy = time.perf_counter(), ended_s()
    subprocess.run(
        [sys.executable, "-m", "ui.cli", "add", str(folder), "--home", str(home)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    taken = {"seconds": time.perf_counter() - start, "core_s": ended_s() - busy}
    with closing(sqlite3.connect(home / "library.sqlite")) as database:
        passages = database.execute("SELECT count(*) FROM chunk").fetchone()[0]
    return {**taken, "passages": passages}


def taken_in(given: argparse.Namespace, name: str, job: dict[str, Any]) -> dict[str, float]:
    """What a program's script takes, and until all its packages were imported."""
    start, busy = time.perf_counter(), ended_s()
    with output(given, name) as log:
        process = command(given, name, "index", job, Path(job["into"]).parent, log)
        received(process, name)
        imports = time.perf_counter() - start
        passages = received(process, name)["passages"]
        process.wait()
    return {
        "seconds": time.perf_counter() - start,
        "core_s": ended_s() - busy,
        "passages": passages,
        "imports": imports,
    }


def ended_s() -> float:
    """Core seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# Programs of the other environment


def models(parts: Parts) -> dict[str, Any]:
    """What every program is given: see `Job` in bench/peers/service.py."""
    generator, embedder = parts.entry("generator"), parts.entry("embedder")
    return {
        "generator": str(parts.models.locate(generator.name) / generator.main_file.name),
        "embedder": str(parts.models.locate(embedder.name)),
        "threads": len(os.sched_getaffinity(0)),
        "context": CONTEXT,
    }


def command(
    given: argparse.Namespace, name: str, verb: str, job: dict[str, Any], place: Path, log: TextIO
) -> subprocess.Popen[str]:
    file = place / f"{name}.json"
    file.write_text(json.dumps(job), encoding="utf-8")
    return subprocess.Popen(
        [given.python.absolute(), ROOT / "bench" / "peers" / f"on_{name}.py", verb, file],
        env={**os.environ, **OFFLINE},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


@contextmanager
def output(given: argparse.Namespace, name: str) -> Iterator[TextIO]:
    """Where a program's own output goes."""
    if not given.logs:
        yield sys.stderr
        return
    given.logs.mkdir(parents=True, exist_ok=True)
    with (given.logs / f"{given.verb}-{name}.log").open("w", encoding="utf-8") as file:
        yield file


def received(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{name} ended with status {process.wait()}: see what it printed.")
    message: dict[str, Any] = json.loads(line)
    return message


if __name__ == "__main__":
    sys.exit(main())
