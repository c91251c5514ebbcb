"""Haystack: the RAG pipeline of its documentation, FAISS, a chat generator. Default top_k: 10."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import service

TEMPLATE = """
Given these documents, answer the question.
Documents:
{% for doc in documents %}
    {{ doc.content }}
{% endfor %}
Question: {{question}}
Answer:
"""


def ask(job: service.Job) -> service.Ask:
    from haystack import Document, Pipeline
    from haystack.components.builders import ChatPromptBuilder
    from haystack.dataclasses import ChatMessage
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersTextEmbedder,
    )
    from haystack_integrations.components.generators.llama_cpp import LlamaCppChatGenerator
    from haystack_integrations.components.retrievers.faiss import FAISSEmbeddingRetriever
    from haystack_integrations.document_stores.faiss import FAISSDocumentStore

    vectors = job.vectors()
    store = FAISSDocumentStore(embedding_dim=vectors.shape[1])
    store.write_documents(
        [
            Document(id=str(n), content=text, embedding=vector)
            for n, (text, vector) in enumerate(zip(job.texts(), vectors.tolist(), strict=True))
        ]
    )
    pipeline = Pipeline()
    for name, part in {
        "embedder": SentenceTransformersTextEmbedder(model=job.embedder, progress_bar=False),
        "retriever": FAISSEmbeddingRetriever(document_store=store),
        "prompt": ChatPromptBuilder(template=[ChatMessage.from_user(TEMPLATE)]),
        # Without a limit it would write until the context is full: that of the documentation.
        "llm": LlamaCppChatGenerator(
            model=job.generator,
            n_ctx=job.context,
            model_kwargs={"n_threads": job.threads, "verbose": False},
            generation_kwargs={"max_tokens": 128},
        ),
    }.items():
        pipeline.add_component(name, part)
    pipeline.connect("embedder.embedding", "retriever.query_embedding")
    pipeline.connect("retriever.documents", "prompt.documents")
    pipeline.connect("prompt.prompt", "llm.messages")

    def answer(question: str, top_k: int | None) -> str:
        asked = {"embedder": {"text": question}, "prompt": {"question": question}}
        few = {"retriever": {"top_k": top_k}} if top_k else {}
        return str(pipeline.run({**asked, **few})["llm"]["replies"][0].text)

    return answer


def split(job: service.Job) -> list[str]:
    from haystack.components.converters import TextFileToDocument
    from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter

    documents = TextFileToDocument().run(sources=sorted(Path(job.articles).glob("*.txt")))
    cleaned = DocumentCleaner().run(**documents)["documents"]
    splitter = DocumentSplitter()
    return [each.content for each in splitter.run(documents=cleaned)["documents"] if each.content]


def index(job: service.Job, imported: Callable[[], None]) -> int:
    from haystack import Pipeline
    from haystack.components.converters import TextFileToDocument
    from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter
    from haystack.components.writers import DocumentWriter
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
    )
    from haystack_integrations.document_stores.faiss import FAISSDocumentStore

    imported()
    store = FAISSDocumentStore(embedding_dim=384)
    pipeline = Pipeline()
    for name, part in {
        "converter": TextFileToDocument(),
        "cleaner": DocumentCleaner(),
        "splitter": DocumentSplitter(),
        "embedder": SentenceTransformersDocumentEmbedder(model=job.embedder),
        "writer": DocumentWriter(document_store=store),
    }.items():
        pipeline.add_component(name, part)
    for one, next_one in (
        ("converter", "cleaner"),
        ("cleaner", "splitter"),
        ("splitter", "embedder"),
        ("embedder", "writer"),
    ):
        pipeline.connect(one, next_one)
    pipeline.run({"converter": {"sources": sorted(Path(job.articles).glob("*.txt"))}})
    store.save(job.into)
    return int(store.count_documents())


if __name__ == "__main__":
    service.main(ask, split, index)
