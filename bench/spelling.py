"""How well misspelt words of questions are put right by a library's own words.

    python bench/spelling.py --home HOME QUESTIONS.jsonl...

HOME       a library (`refdesk --home`) that holds the articles of the questions
QUESTIONS  JSON lines with a `question` (or `question_sentence`, or `text`); may be gzipped

Each question is taken as it is typed: what is changed is printed, to be read. Then one of its words
that the library has gets a slip (a letter left out, doubled, changed, or swapped with the next), at
a place drawn by chance with a fixed seed. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from rag import config, datafiles
from rag.build import Parts

_WORD = re.compile(r"[a-z]{6,}", re.IGNORECASE)


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--home", type=Path, required=True)
    flags.add_argument("questions", type=Path, nargs="+")
    given = flags.parse_args()
    asked = [text for file in given.questions for text in questions(file)]
    parts = Parts(config.load(home=given.home))
    try:
        print(json.dumps(measured(asked, parts.library.spelt)))
    finally:
        parts.close()
    return 0


def questions(file: Path) -> list[str]:
    """The questions of a file of JSON lines."""
    names = ("question", "question_sentence", "text")
    return [next(row[name] for name in names if name in row) for row, _ in datafiles.rows(file)]


def measured(asked: list[str], spelt: Callable[[str], str]) -> dict[str, float]:
    """Shares of the questions, and what it takes. Prints what is changed as it was typed."""
    changed = 0
    took = []
    for text in asked:
        began = time.perf_counter()
        said = spelt(text)
        took.append(time.perf_counter() - began)
        if said != text:
            changed += 1
            print(f"{text}\n   -> {said}")
    outcome = {"right": 0, "wrong": 0, "left": 0}
    dice = random.Random(0)
    for text in asked:
        words = [found for found in _WORD.finditer(text) if spelt(found[0]) == found[0]]
        if not words:
            continue
        found = dice.choice(words)
        typed = text[: found.start()] + slip(found[0], dice) + text[found.end() :]
        began = time.perf_counter()
        said = spelt(typed)
        took.append(time.perf_counter() - began)
        kind = "right" if said.lower() == text.lower() else "left" if said == typed else "wrong"
        outcome[kind] += 1
    took.sort()
    return {
        "questions": len(asked),
        "changed_as_typed": changed,
        **outcome,
        "ms_median": round(1e3 * statistics.median(took), 2),
        "ms_p99": round(1e3 * took[int(0.99 * (len(took) - 1))], 2),
    }


def slip(word: str, dice: random.Random) -> str:
    """A word with one slip behind its first letter."""
    at = dice.randrange(1, len(word) - 1)
    return dice.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + dice.choice("aeiourstnl") + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
