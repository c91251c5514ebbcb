"""txtai: its RAG pipeline, with an LLM that is a GGUF file. Default context: 3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import service

TEMPLATE = """
  Answer the following question using the provided context.

  Question:
  {question}

  Context:
  {context}
"""


def ask(job: service.Job) -> service.Ask:
    import numpy as np
    from txtai import LLM, RAG, Embeddings

    texts = job.texts()
    known = dict(zip(texts, job.vectors(), strict=True))
    encoder = Embeddings({"path": job.embedder})

    def transform(inputs: list[str]) -> Any:
        if all(text in known for text in inputs):
            return np.array([known[text] for text in inputs])
        return np.array(encoder.batchtransform(inputs))

    embeddings = Embeddings({"method": "external", "transform": transform, "content": True})
    embeddings.index([(n, text, None) for n, text in enumerate(texts)])
    llm = LLM(job.generator, n_ctx=job.context, n_threads=job.threads)

    def answer(question: str, top_k: int | None) -> str:
        return str(
            RAG(embeddings, llm, template=TEMPLATE, output="flatten", context=top_k)(question)
        )

    return answer


def pieces_of(
    job: service.Job, imported: Callable[[], None] = lambda: None
) -> list[tuple[str, str]]:
    from txtai.pipeline import Textractor

    imported()
    textractor = Textractor(backend=None, paragraphs=True)
    files = sorted(Path(job.articles).glob("*.txt"))
    return [(str(file), piece) for file in files for piece in textractor(str(file))]


def split(job: service.Job) -> list[str]:
    return list(dict.fromkeys(piece for _, piece in pieces_of(job)))


def index(job: service.Job, imported: Callable[[], None]) -> int:
    from txtai import Embeddings

    pieces = pieces_of(job, imported)
    embeddings = Embeddings(content=True, path=job.embedder)
    embeddings.index(pieces)
    embeddings.save(job.into)
    return len(pieces)


if __name__ == "__main__":
    service.main(ask, split, index)
