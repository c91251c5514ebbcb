from __future__ import annotations

import mmap
import sys
from pathlib import Path

import pytest

from rag.mapped import let_go, mappings


def resident(path: Path) -> int:
    """KiB of a file that count as this process's memory."""
    found, mine = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0]:
            mine = line.endswith(str(path))
        elif mine and line.startswith("Rss:"):
            found += int(line.split()[1])
    return found


@pytest.mark.skipif(
    sys.platform != "linux", reason="counts pages in /proc, and they are given back on Linux only"
)
def test_pages_go_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a model.gguf"
    path.write_bytes(b"weights " * 50_000)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert mapped[:].count(b"weights") == 50_000
        assert resident(path) >= 390
        let_go(path)
        assert resident(path) == 0
        assert mapped[:].count(b"weights") == 50_000


def test_what_can_be_written_to_stays(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights " * 50_000)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        mapped[:7] = b"changed"
        let_go(path)
        assert mapped[:7] == b"changed"


def test_a_file_that_is_not_mapped(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    let_go(path)
    assert mappings(path) == []
