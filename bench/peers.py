"""Beside LlamaIndex, LangChain, txtai and Haystack: answering questions, and taking in articles.

    python bench/peers.py ask --python PYTHON --data DIR --home DIR [--questions 30] [--defaults 8]
                          [--own DIR]
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
with as many as each program takes by itself. With --own each program splits the articles itself,
with the splitter and the sizes of its documentation; the passages and their vectors stay in that
folder, and are taken from there the next time. Seconds are from the question to the finished
answer. An answer is right where it holds a known answer, word for word, and right in words where it
has all words of one, in any order and form; a refusal is wrong. Answers that took longer than 180 s
are counted and left out.

`index` writes the first --limit articles as text files. Seconds are from the start of a command to
the saved index of all of them; of Refdesk, `refdesk add`.

Prints a table; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from peers_ask import asking
from peers_index import indexing

PEERS = ("llama_index", "langchain", "txtai", "haystack")


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
            verb.add_argument("--own", type=Path, help="a folder for what each program splits")
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


if __name__ == "__main__":
    sys.exit(main())
