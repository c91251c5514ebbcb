"""Tiny deterministic stand-ins, so that unit tests need no weights."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from index.embed import Vectors
from index.library import Library
from rag.llm import Began, Check, Checked, Piece, Prefill, Prompt, Step


class HashEmbedder:
    """Words hashed into a vector: texts with words in common are alike."""

    def __init__(self, name: str = "hash", dimension: int = 64, limit: int = 256) -> None:
        self.name = name
        self.fingerprint = f"{name}:1"
        self.dimension = dimension
        self.limit = limit
        self.embedded: list[str] = []

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(text) for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, np.float32)
        for word in re.findall(r"\w+", text.lower()):
            digest = hashlib.sha256(word.encode()).digest()
            vector[digest[0] % self.dimension] += 1.0 if digest[1] % 2 else -1.0
        length = float(np.linalg.norm(vector))
        return vector / length if length else np.eye(1, self.dimension, dtype=np.float32)[0]


def library_of(folder: Path, name: str, text: str) -> Library:
    """A library of one article, a file in `folder`."""
    (folder / name).write_text(text, encoding="utf-8")
    library = Library(folder / "home", HashEmbedder())
    library.add([folder / name])
    return library


class ScriptedLLM:
    """Says what it was told to, word by word, and judges as it was told to.

    confirms: how surely it finds a proposed answer right
    """

    def __init__(
        self,
        *answers: str,
        judgement: float = 0.99,
        confirms: float = 0.01,
        context: int = 4096,
    ) -> None:
        self.name = "scripted"
        self.context = context
        self.judgement = judgement
        self.confirms = confirms
        self.prompts: list[str] = []
        self.closed_early = 0
        self._answers = deque(answers)

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        checks: Sequence[Check] = (),
        never_first: Sequence[str] = (),
    ) -> Iterator[Step]:
        self.prompts.append("".join(part.text for part in prompt))
        finished = False
        try:
            yield Began(sum(len(part.text.split()) for part in prompt))
            yield Prefill(1, 2)
            for check in checks:
                asked = check.prompt[-2].text
                if asked.startswith("\n\nProposed answer:"):
                    yield Checked(self.confirms)
                else:
                    yield Checked(self.judgement if check.unlikely else 1 - self.judgement)
            words = re.findall(r"\S+\s*", self._answers.popleft())
            for made, word in enumerate(words[:max_tokens], start=1):
                yield Piece(word, made)
            if len(words) <= max_tokens:
                yield Piece("", len(words), ended=True)
            finished = True
        finally:
            self.closed_early += not finished

    def read(self, prompt: Prompt, *, idle: bool = False) -> Iterator[Step]:
        self.prompts.append("".join(part.text for part in prompt))
        yield Prefill(1, 1)

    def has_read(self, prompt: Prompt) -> bool:
        return False

    def close(self) -> None: ...


class WordReranker:
    """Judges by the share of a question's words that a passage has, and remembers what it read."""

    def __init__(self) -> None:
        self.name = "words"
        self.judged: list[tuple[str, list[str]]] = []

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        self.judged.append((question, list(passages)))
        asked = set(re.findall(r"\w+", question.lower()))
        return [
            len(asked & set(re.findall(r"\w+", text.lower()))) / max(len(asked), 1)
            for text in passages
        ]
