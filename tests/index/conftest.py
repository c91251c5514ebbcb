"""A library that needs no weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.library import Library, LibrarySettings
from tests.fakes import HashEmbedder


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def library(tmp_path: Path, embedder: HashEmbedder) -> Library:
    return Library(tmp_path / "home", embedder, LibrarySettings(chunk_tokens=40))
