"""From Enter to the first word: cold, after pauses in typing, and for a follow-up.

    python bench/ahead.py --data DIR --home DIR [--questions N]

--data and --home as for bench/generate.py. Each question is asked

- cold: nothing but the instructions was read before;
- typed whole, then Enter after a pause of 3 s and of 6 s;
- typed but for its last two words, a pause of 6 s, then the rest and Enter;
- again in other words ("Tell me: ..."), as a follow-up over the same sources, with and without a
  pause of 3 s.

What was read before is forgotten between these. Seconds to the first word, of questions that are
answered. Prints a table; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from rag import answers, config
from rag.build import Parts
from rag.closing import closing as stopping
from rag.types import Question, Token


def first_word(parts: Parts, question: str) -> float | None:
    """Seconds; None where it is refused."""
    start = time.perf_counter()
    first = None
    for event in parts.engine.ask(Question(question)):
        if isinstance(event, Token) and first is None:
            first = time.perf_counter() - start
    return first


def typed(parts: Parts, text: str, pause_s: float) -> None:
    """A reader pauses for so long after `text`; the desk makes ready what it can."""
    start = time.perf_counter()
    with stopping(parts.engine.prepare(Question(text))) as steps:
        for _ in steps:
            if time.perf_counter() - start > pause_s:
                break


def forgotten(parts: Parts) -> None:
    """A new process of the model, warm with the instructions alone."""
    llm = parts.llm()
    llm.close()
    parts.generator.loaded = None
    parts.engine.warm()


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--data", type=Path, required=True)
    flags.add_argument("--home", type=Path, required=True)
    flags.add_argument("--questions", type=int, default=15)
    chosen = flags.parse_args()
    asked = answers.load(chosen.data).questions
    asked = asked[:: max(1, len(asked) // chosen.questions)][: chosen.questions]
    seen: defaultdict[str, list[float]] = defaultdict(list)
    with closing(Parts(config.load(home=chosen.home))) as parts:
        for each in asked:
            whole = each.text
            begun = " ".join(whole.split()[:-2])
            row: dict[str, float | None] = {}
            for name, before, pause_s in (
                ("cold", "", 0.0),
                ("typed, 3 s", whole, 3.0),
                ("typed, 6 s", whole, 6.0),
                ("typed but for two words, 6 s", begun, 6.0),
            ):
                forgotten(parts)
                if before:
                    typed(parts, before, pause_s)
                row[name] = first_word(parts, whole)
            again = f"Tell me: {whole}"
            row["follow-up"] = first_word(parts, again)
            typed(parts, f"Please tell me: {whole}", 3.0)
            row["follow-up, typed, 3 s"] = first_word(parts, f"Please tell me: {whole}")
            print("  ".join(f"{k} {v:.2f}" for k, v in row.items() if v is not None), flush=True)
            if row["cold"] is not None:
                for name, value in row.items():
                    if value is not None:
                        seen[name].append(value)
    result = {
        name: {
            "n": len(values),
            "median_s": round(statistics.median(values), 2),
            "worst_s": round(max(values), 2),
            "of_cold": round(statistics.median(values) / statistics.median(seen["cold"]), 3),
        }
        for name, values in seen.items()
    }
    for name, figures in result.items():
        print(f"{name:30} {figures}")
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
