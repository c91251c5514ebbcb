from __future__ import annotations

from pathlib import Path

import pytest

from index import generations
from index.generations import State

STATE = State(sequence=3, count=2, fingerprint="e:1", kind="exact")


def publish(root: Path, state: State, content: bytes = b"vectors") -> Path:
    return generations.publish(root, state, lambda path: path.write_bytes(content) and None)


def test_what_was_published_is_current(tmp_path: Path) -> None:
    file = publish(tmp_path, STATE)
    assert generations.current(tmp_path, STATE) == file
    assert file.read_bytes() == b"vectors"


def test_another_state_is_not_served(tmp_path: Path) -> None:
    publish(tmp_path, STATE)
    assert generations.current(tmp_path, State(4, 2, "e:1", "exact")) is None
    assert generations.current(tmp_path, State(3, 2, "other", "exact")) is None


@pytest.mark.parametrize("name", ["index.bin", "manifest.json"])
def test_a_flipped_bit_is_noticed(tmp_path: Path, name: str) -> None:
    file = publish(tmp_path, STATE).parent / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x40
    file.write_bytes(bytes(data))
    assert generations.current(tmp_path, STATE) is None


def test_a_failed_write_leaves_the_last_one_in_use(tmp_path: Path) -> None:
    file = publish(tmp_path, STATE)

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        generations.publish(tmp_path, State(4, 3, "e:1", "exact"), full)
    assert generations.current(tmp_path, STATE) == file
    assert not list(tmp_path.glob("*.tmp"))


def test_old_generations_are_dropped(tmp_path: Path) -> None:
    for sequence in range(5):
        publish(tmp_path, State(sequence, 1, "e:1", "exact"))
    assert len(list(tmp_path.glob("gen-*"))) == 2


def test_nothing_there(tmp_path: Path) -> None:
    assert generations.current(tmp_path / "none", STATE) is None
