"""The settings there are: sections of values, each with its default, its limits and its help.

A field here is all that a new setting takes: its help is the documentation. How values come from a
file, the environment and the command line is `rag.config`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def setting(default: Any, help_: str, **limits: Any) -> Any:
    """A field. limits: `least` and `most`, or `choices`."""
    return field(default=default, metadata={"help": help_, **limits})


@dataclass(frozen=True, slots=True)
class IndexSection:
    chunk_tokens: int = setting(100, "Tokens of a passage, at most.", least=20, most=240)
    max_file_mb: int = setting(32, "Files larger than this are refused.", least=1, most=4096)
    parse_seconds: int = setting(
        120, "Seconds that reading one file may take.", least=1, most=86_400
    )
    parse_memory_mb: int = setting(
        2048,
        "Memory that reading one file may take, where it can be limited (Linux).",
        least=256,
        most=1_048_576,
    )
    store: str = setting(
        "auto",
        "What searches vectors: faiss and exact compare all, compressed is fast in large "
        "libraries; auto takes it there.",
        choices=("auto", "faiss", "exact", "compressed"),
    )


@dataclass(frozen=True, slots=True)
class RetrievalSection:
    candidates: int = setting(
        100, "Passages taken from each search before fusion.", least=1, most=1000
    )
    words: str = setting(
        "auto",
        "What searches by words: fts5 is exact, tantivy fast in large libraries; auto takes it "
        "there.",
        choices=("auto", "fts5", "tantivy"),
    )
    fusion: str = setting(
        "convex",
        "How the searches are joined: by scores, or by the ranks of the passages alone.",
        choices=("convex", "rrf"),
    )
    words_weight: float = setting(0.3, "The share of words in the convex sum.", least=0.0, most=1.0)
    article_weight: float = setting(
        0.8,
        "The share of whole articles in the score of words, the rest is their passages'; 0: whole "
        "articles are not searched.",
        least=0.0,
        most=1.0,
    )
    named_weight: float = setting(
        0.15,
        "What an article gains whose source, author or date the question names; 0: nothing.",
        least=0.0,
        most=2.0,
    )
    recent_weight: float = setting(
        0.1,
        "What the newest article gains, three times as much where the question speaks of now; "
        "0: nothing.",
        least=0.0,
        most=2.0,
    )
    rrf_k: int = setting(60, "The constant of reciprocal rank fusion.", least=1, most=1000)
    drop_repeats: bool = setting(
        True, "Leave out passages that say in the same words what a better one says."
    )
    join_adjacent: bool = setting(
        False, "Join passages that follow each other in their article to one."
    )
    merge_versions: bool = setting(
        True, "Of several versions of one article, search only the newest."
    )
    reranker: str = setting(
        "auto",
        "The model that puts the best passages into their last order; auto: one that is "
        "installed, if any; off: none.",
    )
    rerank: int = setting(
        20, "Passages that the reranker judges; each takes time.", least=2, most=200
    )


@dataclass(frozen=True, slots=True)
class ModelsSection:
    folder: str = setting("", "Where models are kept; empty: `models/` in the checkout.")
    local_folder: str = setting("", "A folder to copy models from before any other source.")
    generator: str = setting("qwen2.5-coder-1.5b-instruct", "The model that answers.")
    embedder: str = setting("all-minilm-l6-v2", "The model that embeds passages.")


@dataclass(frozen=True, slots=True)
class EmbedderSection:
    backend: str = setting(
        "auto",
        "What runs the embedder and the reranker: openvino is the faster one; auto takes it where "
        "it can.",
        choices=("auto", "openvino", "torch"),
    )


@dataclass(frozen=True, slots=True)
class ModelSection:
    context: int = setting(4096, "Tokens of prompt and answer together.", least=512, most=131072)
    threads: int = setting(
        0, "Threads of llama.cpp; 0: as calibrated, else all usable cores.", least=0, most=512
    )
    batch: int = setting(
        0,
        "Tokens of a prompt read at once; 0: as calibrated, else 64, or 512 on a graphics card.",
        least=0,
        most=4096,
    )
    flash_attention: str = setting(
        "auto",
        "Flash attention; auto: as calibrated, else on.",
        choices=("auto", "on", "off"),
    )
    askers: int = setting(4, "Questions answered at once; others wait.", least=1, most=16)
    pool: int = setting(
        8192,
        "Tokens of all that is answered at once; the default model takes 28 KiB for each.",
        least=512,
        most=1_048_576,
    )
    kept_mb: int = setting(
        128, "Memory for what was read of earlier prompts, in MB.", least=0, most=65_536
    )
    preread_mb: int = setting(
        2048,
        "Disk for passages that were read before anybody asked, in MB; the default model takes "
        "about 3 for one. 0: none are.",
        least=0,
        most=10_000_000,
    )
    draft: int = setting(
        7,
        "Tokens drafted from the passages at once, at most; 0: off, as where it does not pay.",
        least=0,
        most=32,
    )
    gpu_layers: int = setting(
        -1, "Layers put on the GPU, if the build has one; -1: all.", least=-1, most=1000
    )


@dataclass(frozen=True, slots=True)
class AnswerSection:
    passages: int = setting(5, "Passages put before the model, at most.", least=1, most=50)
    passage_tokens: int = setting(
        260, "Tokens of all passages and their headings together, at most.", least=100, most=100_000
    )
    min_share: float = setting(
        0.5,
        "A passage is read if its best sentence speaks of the question at least this much, beside "
        "the best sentence of all; 0: all are.",
        least=0.0,
        most=1.0,
    )
    neighbours: bool = setting(
        True, "Read the sentences around those that matter too, where the tokens suffice."
    )
    max_tokens: int = setting(160, "Tokens of an answer, at most.", least=16, most=4096)
    question_characters: int = setting(
        2000, "Longer questions are refused.", least=100, most=10_000
    )
    follow_ups: bool = setting(
        True, "Understand a question with the earlier ones of its conversation."
    )
    spelling: bool = setting(
        True,
        "Take a word of the question that no article has for a misspelt one, where the articles "
        "have just one that is a slip or two away.",
    )
    min_similarity: float = setting(
        0.15,
        "Below this similarity of the best passage, and with no word in common, the question is "
        "refused before the model is asked.",
        least=-1.0,
        most=1.0,
    )
    min_answerable: float = setting(
        0.5,
        "Below this probability, by the model's own judgement, that the passages state the "
        "answer, the question is refused; a question of yes or no is answered by the nearest "
        "sentence if that is at least so likely to answer it.",
        least=0.0,
        most=1.0,
    )
    min_support: float = setting(
        0.8, "A claim with less support than this is marked as unsupported.", least=0.0, most=1.0
    )
    unsupported: str = setting(
        "strike",
        "What becomes of a claim without support: struck through, or dropped and counted.",
        choices=("strike", "drop"),
    )


@dataclass(frozen=True, slots=True)
class ServeSection:
    host: str = setting("127.0.0.1", "Address of the page.")
    port: int = setting(7860, "Port of the page.", least=1, most=65535)
    open_browser: bool = setting(True, "Open the page when it is ready.")
    type_ahead: bool = setting(
        True, "Read the likely passages while a question is being typed and nobody else asks."
    )
    preread: bool = setting(
        True, "Read passages beforehand while nobody asks, as far as `model.preread_mb` goes."
    )


@dataclass(frozen=True, slots=True)
class ReceiptsSection:
    keep: bool = setting(True, "Keep a receipt of each answer, with question and passages.")
    most: int = setting(
        1000, "Receipts that are kept; the oldest go first.", least=1, most=1_000_000
    )


@dataclass(frozen=True, slots=True)
class CostSection:
    watts_per_core: float = setting(
        8.0,
        "Watts of a busy core, where the processor's own counter may not be read.",
        least=0.0,
        most=1000.0,
    )
    tariff: float = setting(
        0.0, "The price of a kilowatt-hour; 0: no money is told.", least=0.0, most=1000.0
    )
    currency: str = setting("EUR", "What prices are in.")
    service: str = setting("", "A hosted service to compare with, by name; empty: none.")
    service_input: float = setting(
        0.0, "What that service asks for a million tokens read.", least=0.0, most=1e6
    )
    service_output: float = setting(
        0.0, "What that service asks for a million tokens written.", least=0.0, most=1e6
    )


SECTIONS: dict[str, type[Any]] = {
    "index": IndexSection,
    "retrieval": RetrievalSection,
    "models": ModelsSection,
    "embedder": EmbedderSection,
    "model": ModelSection,
    "answer": AnswerSection,
    "serve": ServeSection,
    "receipts": ReceiptsSection,
    "cost": CostSection,
}
"""By their names in the file, in its order."""
