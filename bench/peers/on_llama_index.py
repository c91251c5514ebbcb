"""LlamaIndex: a query engine over a vector index, LlamaCPP, its own prompts. Default top_k: 2."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import service


def ask(job: service.Job) -> service.Ask:
    import faiss
    from llama_index.core import StorageContext, VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.llms.llama_cpp import LlamaCPP
    from llama_index.vector_stores.faiss import FaissVectorStore

    llm = LlamaCPP(
        model_path=job.generator,
        context_window=job.context,
        model_kwargs={"n_threads": job.threads},
        messages_to_prompt=messages_to_prompt,
        completion_to_prompt=completion_to_prompt,
        verbose=False,
    )
    vectors = job.vectors()
    nodes = [
        TextNode(id_=str(n), text=text, embedding=vector.tolist())
        for n, (text, vector) in enumerate(zip(job.texts(), vectors, strict=True))
    ]
    store = FaissVectorStore(faiss_index=faiss.IndexFlatL2(vectors.shape[1]))
    index = VectorStoreIndex(
        nodes,
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=HuggingFaceEmbedding(model_name=job.embedder),
    )

    def answer(question: str, top_k: int | None) -> str:
        few = {"similarity_top_k": top_k} if top_k else {}
        return str(index.as_query_engine(llm=llm, **few).query(question))

    return answer


def messages_to_prompt(messages: Sequence[Any]) -> str:
    """What Qwen2.5's own template makes of messages, as the documentation has it made."""
    turns = [(message.role.value, message.content) for message in messages]
    if turns[0][0] != "system":
        own = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
        turns.insert(0, ("system", own))
    said = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns)
    return f"{said}<|im_start|>assistant\n"


def completion_to_prompt(completion: str) -> str:
    from llama_index.core.llms import ChatMessage

    return messages_to_prompt([ChatMessage(role="user", content=completion)])


def split(job: service.Job) -> list[str]:
    from llama_index.core import SimpleDirectoryReader
    from llama_index.core.node_parser import SentenceSplitter

    documents = SimpleDirectoryReader(job.articles).load_data()
    return [node.get_content() for node in SentenceSplitter().get_nodes_from_documents(documents)]


def index(job: service.Job, imported: Callable[[], None]) -> int:
    from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    imported()
    documents = SimpleDirectoryReader(job.articles).load_data()
    made = VectorStoreIndex.from_documents(
        documents, embed_model=HuggingFaceEmbedding(model_name=job.embedder)
    )
    made.storage_context.persist(persist_dir=job.into)
    return len(made.docstore.docs)


if __name__ == "__main__":
    service.main(ask, split, index)
