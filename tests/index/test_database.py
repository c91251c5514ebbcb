"""Transactions, alone and together: all or nothing, seen by others when they are done."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from index.database import Database


def keys(db: Database) -> list[str]:
    return [row[0] for row in db.rows("SELECT key FROM meta WHERE key LIKE 'x%' ORDER BY key")]


def put(db: Database, key: str, *, fails: bool = False) -> None:
    with db.change() as connection:
        connection.execute("INSERT INTO meta VALUES (?, '')", (key,))
        if fails:
            raise KeyboardInterrupt


def test_what_was_complete_is_kept_whatever_ends_the_group(tmp_path: Path) -> None:
    db, other = Database(tmp_path / "x.sqlite"), Database(tmp_path / "x.sqlite")
    before = db.sequence()

    def interrupted() -> None:
        with db.together():
            put(db, "x1")
            with pytest.raises(KeyboardInterrupt):
                put(db, "x2", fails=True)
            put(db, "x3")
            assert keys(other) == []  # nothing has reached the disk yet
            put(db, "x4", fails=True)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert keys(db) == keys(other) == ["x1", "x3"]
    assert db.sequence() == other.sequence() == before + 2
    put(db, "x5")
    assert keys(other) == ["x1", "x3", "x5"]
    db.close()
    other.close()


def test_other_threads_wait_for_the_group(tmp_path: Path) -> None:
    db = Database(tmp_path / "x.sqlite")
    seen: list[list[str]] = []
    with db.together():
        put(db, "x1")
        reader = threading.Thread(target=lambda: seen.append(keys(db)))
        reader.start()
        put(db, "x2")
        assert seen == []
    reader.join()
    assert seen == [["x1", "x2"]]
    db.close()
