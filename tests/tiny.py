"""Models of a few kilobytes with random weights, made where a test needs real files."""

from __future__ import annotations

import json
import string
from pathlib import Path

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def cross_encoder(folder: Path, *, seed: int = 0, labels: int = 1) -> Path:
    """A BERT of two layers that gives a pair of texts `labels` scores, and its tokenizer."""
    import torch
    from tokenizers.implementations import BertWordPieceTokenizer
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    letters = [*string.ascii_lowercase, *string.digits, *".,?"]
    words = [*SPECIAL, *letters, *(f"##{each}" for each in letters)]
    tokenizer = BertWordPieceTokenizer({word: number for number, word in enumerate(words)})
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        initializer_range=0.5,  # wide, so that the scores of two passages are never alike
        num_labels=labels,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertForSequenceClassification(config).save_pretrained(folder)
    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), SPECIAL, strict=True))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer._tokenizer,
        model_max_length=128,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **{f"{name}_token": token for name, token in names.items()},
    ).save_pretrained(folder)
    return folder


def config_of(folder: Path, **changes: object) -> None:
    """Changes the folder's config.json."""
    path = folder / "config.json"
    held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(held | changes), encoding="utf-8")
