"""Real models from the checkout's `models/` folder; `make test` fetches them first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import config
from rag.build import Parts
from rag.remote import Remote

SMALL = "smollm2-135m-instruct"


@pytest.fixture(scope="session")
def small_model() -> Path:
    """The test model's file. Missing, the tests fail and say what to run."""
    parts = Parts(config.load(environment={}))
    entry = parts.models.manifest.get(SMALL)
    return parts.models.locate(SMALL) / entry.main_file.name


@pytest.fixture
def llama(small_model: Path) -> Iterator[Remote]:
    model = Remote(small_model, name=SMALL, context=2048)
    yield model
    model.close()
