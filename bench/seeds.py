"""The seed questions, asked of the real engine one after another as a running server would;
with `--questions seeds/conversations.jsonl`, follow-up questions with their earlier turns.

    python bench/seeds.py [--docs DIR_OR_FILES ...] [--questions FILE] [--verbose]

`bench/pages.jsonl` asks about the five news pages that the starter articles were written from,
which are not part of the project: `--docs` names them.

Prints a line a question, then medians; the last line is one JSON document. The model is loaded
and warmed before the first question, as `refdesk serve` does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rag import config, evaluate
from rag.build import Parts
from rag.types import Answer, Finished, Question, Sources, Token


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--docs", nargs="*", type=Path, default=config.starters())
    flags.add_argument("--questions", type=Path, default=config.ROOT / "seeds/questions.jsonl")
    flags.add_argument("--verbose", action="store_true", help="print answers and quotes")
    flags.add_argument("--preread", action="store_true", help="read the passages beforehand")
    flags.add_argument("--only", nargs="*", help="question ids")
    given = flags.parse_args()
    questions = [
        each for each in evaluate.load(given.questions) if not given.only or each.id in given.only
    ]
    verdicts = []
    seen: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as home:
        parts = Parts(config.load(home=Path(home)))
        report = parts.library.add(given.docs)
        print(f"{len(report.added)} documents, {len(report.failed)} failed")
        parts.engine.warm()
        if given.preread:
            for far in parts.prereader.read():
                print(f"\r{far.done} of {far.total} passages read beforehand", end="")
            print()
        for asked in questions:
            start = time.perf_counter()
            shown = first = 0.0
            answer: Answer | None = None
            for event in parts.engine.ask(Question(asked.question, asked.history)):
                now = time.perf_counter() - start
                if isinstance(event, Sources):
                    shown = now
                elif isinstance(event, Token) and not first:
                    first = now
                elif isinstance(event, Finished):
                    answer = event.answer
            assert answer is not None
            total = time.perf_counter() - start
            seen.append((shown, first, total))
            verdict = evaluate.judge(asked, answer)
            verdicts.append(verdict)
            state = "right" if verdict.right else "WRONG"
            cited = "cited" if verdict.cited else "     " if not asked.answerable else "UNCITED"
            print(f"{asked.id} {state} {cited} {total:5.1f}s  {asked.question}")
            if given.verbose or not verdict.right:
                if answer.understood:
                    print(f"      understood as: {answer.understood}")
                print(f"      {answer.text}")
                for claim in answer.claims:
                    print(
                        f"      - {claim.score:.2f}", "ok" if claim.supported else "NO", claim.text
                    )
                    for citation in claim.citations:
                        print(f"          [{citation.number}] {citation.quote}")
        parts.close()
    answerable = [each for each in verdicts if each.asked.answerable]
    others = [each for each in verdicts if not each.asked.answerable]
    answered = [row for row in seen if row[1]]
    result = {
        "questions": len(verdicts),
        "right": sum(each.right for each in answerable),
        "right_and_cited": sum(each.right and each.cited for each in answerable),
        "answerable": len(answerable),
        "refused": sum(each.right for each in others),
        "refused_wrongly": sum(each.answer.refused for each in answerable),
        "of_these_nearest_holds": sum(map(nearest_holds, answerable)),
        "unanswerable": len(others),
        "sources_s": round(statistics.median(row[0] for row in seen), 2),
        "first_token_s": round(statistics.median(row[1] for row in answered), 2)
        if answered
        else None,
        "total_s": round(statistics.median(row[2] for row in seen), 2),
        "total_answered_s": round(statistics.median(row[2] for row in answered), 2)
        if answered
        else None,
        "prompt_tokens": statistics.median(v.answer.timings.prompt_tokens for v in verdicts),
    }
    print(json.dumps(result))
    return 0


def nearest_holds(verdict: evaluate.Verdict) -> bool:
    """Whether a refusal shows a known answer all the same, in what comes nearest to one."""
    near = " ".join(each.quote for each in verdict.answer.nearest)
    return bool(near) and evaluate.holds_all(near, verdict.asked.answers)


if __name__ == "__main__":
    sys.exit(main())
