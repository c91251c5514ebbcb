"""LangChain: the chain of its RAG tutorial, FAISS, ChatLlamaCpp. Default k: 4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import service

TEMPLATE = """You are an assistant for question-answering tasks. Use the following pieces of \
retrieved context to answer the question. If you don't know the answer, just say that you don't \
know. Use three sentences maximum and keep the answer concise.
Question: {question}
Context: {context}
Answer:"""


def ask(job: service.Job) -> service.Ask:
    from langchain_community.chat_models import ChatLlamaCpp
    from langchain_community.vectorstores import FAISS
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.runnables import RunnablePassthrough
    from langchain_huggingface import HuggingFaceEmbeddings

    # Left at its default of 8 tokens, n_batch makes reading a prompt several times as slow.
    llm = ChatLlamaCpp(
        model_path=job.generator,
        n_ctx=job.context,
        n_threads=job.threads,
        n_batch=512,
        verbose=False,
    )
    store = FAISS.from_embeddings(
        zip(job.texts(), job.vectors().tolist(), strict=True),
        HuggingFaceEmbeddings(model_name=job.embedder),
    )
    prompt = ChatPromptTemplate.from_template(TEMPLATE)

    def answer(question: str, top_k: int | None) -> str:
        retriever = store.as_retriever(**({"search_kwargs": {"k": top_k}} if top_k else {}))
        chain = (
            {"context": retriever | joined, "question": RunnablePassthrough()}
            | prompt
            | llm
            | StrOutputParser()
        )
        return str(chain.invoke(question))

    return answer


def joined(documents: Sequence[Any]) -> str:
    return "\n\n".join(each.page_content for each in documents)


def pieces_of(job: service.Job, imported: Callable[[], None] = lambda: None) -> list[Any]:
    from langchain_community.document_loaders import DirectoryLoader, TextLoader
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    imported()
    documents = DirectoryLoader(job.articles, glob="**/*.txt", loader_cls=TextLoader).load()
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    return list(splitter.split_documents(documents))


def split(job: service.Job) -> list[str]:
    return [each.page_content for each in pieces_of(job)]


def index(job: service.Job, imported: Callable[[], None]) -> int:
    from langchain_community.vectorstores import FAISS
    from langchain_huggingface import HuggingFaceEmbeddings

    pieces = pieces_of(job, imported)
    store = FAISS.from_documents(pieces, HuggingFaceEmbeddings(model_name=job.embedder))
    store.save_local(job.into)
    return len(pieces)


if __name__ == "__main__":
    service.main(ask, split, index)
