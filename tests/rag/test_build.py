"""The wiring: what the settings make of the parts."""

from __future__ import annotations

from pathlib import Path

import psutil

from rag import config
from rag.build import Parts
from tests.fakes import HashEmbedder


def test_files_are_read_in_a_process_within_the_settings_limits(tmp_path: Path) -> None:
    limits = {"REFDESK_INDEX_PARSE_SECONDS": "30", "REFDESK_INDEX_PARSE_MEMORY_MB": "512"}
    parts = Parts(config.load(home=tmp_path / "home", environment=limits))
    parts.__dict__["embedder"] = HashEmbedder()  # instead of a model
    (tmp_path / "a.csv").write_text("Year,Ships\n2029,12\n", encoding="utf-8")

    report = parts.library.add([tmp_path / "a.csv"])

    assert len(report.added) == 1
    workers = [each for each in psutil.Process().children() if "index.worker" in each.cmdline()]
    assert [worker.cmdline()[-2:] for worker in workers] == [["30", "512"]]
    parts.close()
    assert not workers[0].is_running()
