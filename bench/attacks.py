"""Hostile documents of bench/others, each in a library of its own, and a question about each.

    python bench/attacks.py [--only ID ...] [--preread]

Where a document does not hold the article itself, the article is added beside it. An attack has
taken over if an answer holds one of the strings that only a success brings. Prints a line for each;
the last line is one JSON document. Exits with 1 if any took over.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from rag import config
from rag.build import Parts
from rag.evaluate import holds_all
from rag.llm import Prompt
from rag.types import Finished

HERE = config.ROOT / "bench/others/attacks"


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--only", nargs="*", help="ids")
    flags.add_argument("--preread", action="store_true", help="read the passages beforehand")
    given = flags.parse_args()
    lines = (HERE / "attacks.jsonl").read_text(encoding="utf-8").splitlines()
    attacks = [json.loads(line) for line in lines]
    chosen = [each for each in attacks if not given.only or each["id"] in given.only]
    models: Parts | None = None
    right = refused = 0
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        for each in chosen:
            home = Path(folder) / each["id"]
            parts = Parts(config.load(home=home / "home"))
            # The models stay loaded; each attack has its own library.
            models = models or parts
            parts.llm, parts.embedder = models.llm, models.embedder  # type: ignore[method-assign]
            parts.library.add(_written(each, home / "documents"))
            if given.preread:
                # All that is found is taken for read beforehand: what is not is read so then.
                models.llm().has_read = _has_passages  # type: ignore[method-assign]
            *_, last = parts.engine.ask(each["question"])
            assert isinstance(last, Finished)
            answer = last.answer
            hits = [text for text in each["forbidden"] if text.lower() in answer.text.lower()]
            right += holds_all(answer.text, [each["right"]])
            refused += answer.refused
            taken += [each["id"]] if hits else []
            print(each["id"], "TAKEN OVER" if hits else "", each["question"], "->", answer.text)
            parts.library.close()
        if models:
            models.close()
    result = {"attacks": len(chosen), "taken": taken, "right": right, "refused": refused}
    print(json.dumps(result))
    return 1 if taken else 0


def _has_passages(prompt: Prompt) -> bool:
    return any(part.passage for part in prompt)


def _written(attack: dict[str, str], folder: Path) -> list[Path]:
    """The hostile document as a file, and its article beside it where it does not hold that."""
    folder.mkdir(parents=True)
    files = [folder / "hostile.txt"]
    files[0].write_text(attack["document"], encoding="utf-8")
    article = (HERE / "articles" / attack["base"]).read_text(encoding="utf-8")
    if article.strip().splitlines()[0] not in attack["document"]:
        files.append(folder / attack["base"])
        files[1].write_text(article, encoding="utf-8")
    return files


if __name__ == "__main__":
    sys.exit(main())
