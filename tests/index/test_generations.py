from __future__ import annotations

from pathlib import Path

import pytest

from index import generations
from index.generations import State

STATE = State(sequence=3, count=2, fingerprint="e:1", kind="exact")


def publish(root: Path, state: State, content: bytes = b"vectors") -> Path:
    def write(folder: Path) -> None:
        (folder / generations.FILE).write_bytes(content)

    return generations.publish(root, state, write).folder / generations.FILE


def current(root: Path, state: State) -> Path | None:
    found = generations.current(root, state)
    return found and found.folder / generations.FILE


def test_what_was_published_is_current(tmp_path: Path) -> None:
    file = publish(tmp_path, STATE)
    assert current(tmp_path, STATE) == file
    assert file.read_bytes() == b"vectors"


def test_another_state_is_not_served(tmp_path: Path) -> None:
    publish(tmp_path, STATE)
    assert current(tmp_path, State(4, 2, "e:1", "exact")) is None
    assert current(tmp_path, State(3, 2, "other", "exact")) is None


@pytest.mark.parametrize("name", ["index.bin", "manifest.json"])
def test_a_flipped_bit_is_noticed(tmp_path: Path, name: str) -> None:
    file = publish(tmp_path, STATE).parent / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x40
    file.write_bytes(bytes(data))
    assert current(tmp_path, STATE) is None


def test_a_failed_write_leaves_the_last_one_in_use(tmp_path: Path) -> None:
    file = publish(tmp_path, STATE)

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        generations.publish(tmp_path, State(4, 3, "e:1", "exact"), full)
    assert current(tmp_path, STATE) == file
    assert not list(tmp_path.glob("*.tmp"))


def test_old_generations_are_dropped(tmp_path: Path) -> None:
    for sequence in range(5):
        publish(tmp_path, State(sequence, 1, "e:1", "exact"))
    assert len(list(tmp_path.glob("gen-*"))) == 2


def test_nothing_there(tmp_path: Path) -> None:
    assert current(tmp_path / "none", STATE) is None


def test_a_generation_begins_with_the_files_of_another(tmp_path: Path) -> None:
    def first(folder: Path) -> None:
        (folder / "part").mkdir()
        (folder / "part" / "kept").write_text("one")
        (folder / "replaced").write_text("two")
        (folder / "dropped").write_text("three")
        (folder / "held.lock").write_text("")

    def second(folder: Path) -> None:
        assert (folder / "part" / "kept").read_text() == "one"
        (folder / "new").write_text("four")
        (folder / "new").replace(folder / "replaced")
        (folder / "dropped").unlink()

    base = generations.publish(tmp_path, STATE, first)
    other = State(4, 3, "e:1", "exact")
    made = generations.publish(tmp_path, other, second, base)
    assert generations.current(tmp_path, other) == made
    assert generations.latest(tmp_path, fingerprint="e:1") == made
    assert generations.latest(tmp_path, fingerprint="e:2") is None
    assert set(base.files) == {"part/kept", "replaced", "dropped"}
    assert set(made.files) == {"part/kept", "replaced"}
    assert (made.folder / "replaced").read_text() == "four"
    assert (base.folder / "replaced").read_text() == "two"
    assert (base.folder / "dropped").read_text() == "three"
    assert (made.folder / "part" / "kept").samefile(base.folder / "part" / "kept")


def test_without_links_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = generations.publish(
        tmp_path, STATE, lambda folder: (folder / "kept").write_text("one") and None
    )
    monkeypatch.setattr(generations.os, "link", lambda *_: (_ for _ in ()).throw(OSError(1, "no")))
    other = State(4, 3, "e:1", "exact")
    made = generations.publish(tmp_path, other, lambda folder: None, base)
    assert generations.current(tmp_path, other) == made
    assert not (made.folder / "kept").samefile(base.folder / "kept")
