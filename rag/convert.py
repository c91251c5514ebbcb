"""An embedder's or a reranker's weights to the 8-bit graph that `rag.backend` chooses, once, on
this machine.

The work is done by `index.quantise` in a process of its own; here are what it is calibrated with,
the judgement of what came of it, and the way to its place.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from index.chunk import chunk
from index.embed import SentenceTransformerEmbedder
from index.errors import ModelError
from index.read import read
from rag.backend import FOLDER, RECIPE, RECORD, Graph
from rag.config import ROOT
from rag.fetch import alone, file_sha256, storage
from rag.manifest import ModelEntry

__all__ = ["ROLES", "absent", "calibration", "convert"]

Text = str | tuple[str, list[str]]
"""What an embedder reads; or for a reranker a question, and passages for it, the best first."""

ROLES = ("embedder", "reranker")
"""What can be converted."""

LEAST_COSINE = 0.98
"""A graph whose vectors or scores are less similar than this to the model's own is not kept."""

LEAST_TEXTS = 20
_JUDGED = 20
_TIMEOUT = 1800
_MAX_BYTES = 1 << 25


def absent() -> list[str]:
    """The packages that a conversion needs and that are not installed."""
    return [name for name in ("openvino", "nncf") if not find_spec(name)]


def calibration(
    entry: ModelEntry, folder: Path, articles: Sequence[Path], questions: Sequence[str]
) -> list[Text]:
    """Texts as the model will read them: passages with their headings, and questions."""
    counter = SentenceTransformerEmbedder(folder, name=entry.name, fingerprint="").count
    passages = []
    for path in articles:
        document, _ = read(path, max_bytes=_MAX_BYTES)
        passages += [
            f"{entry.passage_prefix}{passage.header}\n{passage.text}"
            for passage in chunk(document, counter, budget=100, limit=entry.context)
        ]
    if entry.role == "reranker":
        return [(question, _found(question, passages)) for question in questions if passages]
    return [*passages, *(entry.query_prefix + question for question in questions)]


def _found(question: str, passages: Sequence[str]) -> list[str]:
    """The passages that a search might find, by the words that they share with the question."""
    asked = set(re.findall(r"\w{4,}", question.lower()))
    return sorted(
        passages, key=lambda text: -len(asked & set(re.findall(r"\w{4,}", text.lower())))
    )[:_JUDGED]


def convert(entry: ModelEntry, folder: Path, texts: Sequence[Text]) -> Graph:
    """Makes the graph from the verified files in `folder`, and tries it. Takes about a minute.

    texts  what the model will read, to calibrate with; at least a few dozen

    Raises ModelError where it cannot be made here, or the graph is not good; StorageError.
    """
    if absent():
        raise ModelError(
            f"{entry.name} cannot be converted: {' and '.join(absent())} not installed. On Linux "
            "with an x86-64 processor `make install` brings both; elsewhere torch is used."
        )
    if len(texts) < LEAST_TEXTS:
        raise ModelError(
            f"{entry.name} cannot be converted: {len(texts)} texts to calibrate with, at least "
            f"{LEAST_TEXTS} are needed. They are the articles and questions in `seeds/`."
        )
    place = folder / FOLDER
    with alone(place, f"converting {entry.name}", leftovers=".new-*"):
        with storage(place):
            target = Path(tempfile.mkdtemp(prefix=".new-", dir=place))
        try:
            made = _child(
                {
                    "role": entry.role,
                    "folder": str(folder.absolute()),
                    "target": str(target.absolute()),
                    "limit": entry.context,
                    "texts": list(texts),
                    "try": list(texts)[::10],
                },
                entry.name,
            )
            if made["cosine"] < LEAST_COSINE:
                given = "vectors" if entry.role == "embedder" else "scores"
                raise ModelError(
                    f"{entry.name} cannot be converted: the 8-bit {given} differ too much from "
                    f"the model's own (cosine {made['cosine']}, at least {LEAST_COSINE} is asked). "
                    "torch is used for it."
                )
            with storage(place):
                return _keep(entry, place, target, made)
        finally:
            shutil.rmtree(target, ignore_errors=True)


def _keep(entry: ModelEntry, place: Path, target: Path, made: dict[str, Any]) -> Graph:
    """Moves what was made to its place. The record comes last: until then the old one holds."""
    digests = {path.suffix: file_sha256(path) for path in target.iterdir()}
    stem = digests[".bin"][:16]
    files = {f"{stem}{suffix}": digests[suffix] for suffix in (".xml", ".bin")}
    for name in files:
        os.replace(target / f"graph{Path(name).suffix}", place / name)
    graph = Graph(RECIPE, entry.main_file.sha256, files, **made)
    record = target / RECORD
    record.write_text(json.dumps(asdict(graph), indent=1) + "\n", encoding="utf-8")
    os.replace(record, place / RECORD)
    for old in place.glob("*.*"):
        if old.is_file() and old.name not in {*files, RECORD}:
            old.unlink(missing_ok=True)
    return graph


def _child(request: dict[str, Any], name: str) -> dict[str, Any]:
    """What `index.quantise` says that it made. Raises ModelError."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "index.quantise"],
            cwd=ROOT,  # -m looks where it runs first: no folder of the user's may be in the way
            input=json.dumps(request),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"{name} was not converted within half an hour. Try again.") from None
    if done.returncode < 0:
        ended = signal.Signals(-done.returncode).name
        why = f"{ended} ended it" + (
            ", an instruction that this machine refuses" if ended == "SIGILL" else ""
        )
    elif done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:200]
    else:
        made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return made
    raise ModelError(f"{name} cannot be converted for OpenVINO ({why}). torch is used for it.")
