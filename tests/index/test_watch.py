"""A folder is looked at again when it changes, told or not."""

from __future__ import annotations

import builtins
import threading
import time
from pathlib import Path

import pytest

from index import watch


class Watched:
    """Counts the looks, in a thread."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.looks = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(folder, options), daemon=True)
        self._thread.start()

    def _work(self, folder: Path, options: dict[str, object]) -> None:
        for _ in watch.changes(folder, self._stop, **options):  # type: ignore[arg-type]
            self.looks += 1

    def wait(self, looks: int, seconds: float = 15) -> bool:
        until = time.monotonic() + seconds
        while self.looks < looks and time.monotonic() < until:
            time.sleep(0.02)
        return self.looks >= looks

    def stop(self) -> bool:
        self._stop.set()
        self._thread.join(10)
        return not self._thread.is_alive()


@pytest.mark.parametrize("options", [{}, {"poll": True, "every_s": 0.1}], ids=["told", "polled"])
def test_a_change_is_seen_and_the_end_is_clean(tmp_path: Path, options: dict[str, object]) -> None:
    watched = Watched(tmp_path, **options)
    # Told, the second look is the one that covers the time before the watch was in place.
    assert watched.wait(1 if options else 2)
    time.sleep(0.3)
    before = watched.looks
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "new.md").write_text("new")
    assert watched.wait(before + 1)
    assert watched.stop()


def test_a_folder_that_comes_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_EVERY_S", 0.1)
    watched = Watched(tmp_path / "later", every_s=0.1)
    assert watched.wait(1)
    time.sleep(0.5)
    before = watched.looks
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "new.md").write_text("new")
    assert watched.wait(before + 1)
    assert watched.stop()


def test_without_the_package_it_polls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: object) -> object:
        if name == "watchfiles":
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", missing)
    watched = Watched(tmp_path, every_s=0.1)
    assert watched.wait(1)
    time.sleep(0.3)
    before = watched.looks
    (tmp_path / "new.md").write_text("new")
    assert watched.wait(before + 1)
    assert watched.stop()
