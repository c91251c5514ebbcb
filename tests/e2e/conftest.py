"""The two default models, from the checkout's `models/` folder; `make test` fetches them first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import config
from rag.build import Parts


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """The real parts over the starter articles. A missing model fails and says what to run."""
    home: Path = tmp_path_factory.mktemp("home")
    made = Parts(config.load(home=home, environment={}))
    report = made.library.add(config.starters())
    assert len(report.added) == 5, report.failed
    made.engine.warm()
    yield made
    made.close()
