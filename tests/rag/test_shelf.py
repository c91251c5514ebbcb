"""Where passages lie that were read beforehand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.llm import Part, Passage
from rag.shelf import Held, Shelf, Shelving, keys

HEAD = Part("Passages:\n", template=True, kept=True)


def passage(*pieces: str, shelf: str = "1") -> Passage:
    return Passage(tuple((each, True) for each in pieces), shelf)


@pytest.fixture
def shelving(tmp_path: Path) -> Shelving:
    return Shelving(tmp_path / "shelf", 10_000, "weights")


@pytest.fixture
def shelf(shelving: Shelving) -> Shelf:
    return shelving.shelf({"threads": 2})


def used(folder: Path, key: str, at: int) -> None:
    (file,) = folder.rglob(f"{key}.kv")
    os.utime(file, (at, at))


def test_what_is_put_is_there_and_comes_back(shelf: Shelf) -> None:
    assert not shelf.has("1", "a")
    assert shelf.take("1", "a") is None
    assert shelf.put("1", "a", b"state")
    assert shelf.has("1", "a")
    assert shelf.take("1", "a") == b"state"
    assert shelf.held() == Held(1, 37)


def test_another_way_of_running_the_model_has_its_own(shelving: Shelving, shelf: Shelf) -> None:
    shelf.put("1", "a", b"state")
    assert not shelving.shelf({"threads": 4}).has("1", "a")
    assert shelving.shelf({"threads": 2}).has("1", "a")
    other = Shelving(shelving.folder, shelving.most, "other weights").shelf({"threads": 2})
    assert not other.has("1", "a")
    assert other.held().passages == 1, "the room is shared"


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_what_is_damaged_is_removed(shelf: Shelf, tmp_path: Path, damage: bytes | None) -> None:
    shelf.put("1", "a", b"state")
    (file,) = tmp_path.rglob("a.kv")
    file.write_bytes(file.read_bytes()[:-1] + b"?" if damage is None else damage)
    assert shelf.take("1", "a") is None
    assert not shelf.has("1", "a")


def test_what_was_used_longest_ago_makes_room(shelf: Shelf, tmp_path: Path) -> None:
    for at, key in enumerate("abc"):
        shelf.put("1", key, bytes(3000))
        used(tmp_path, key, at)
    assert not shelf.fits_another()
    shelf.take("1", "a")
    shelf.put("2", "d", bytes(3000))
    assert [shelf.has("1", key) for key in "abc"] == [True, False, True]
    assert shelf.has("2", "d")


def test_what_is_larger_than_all_the_room_is_not_kept(shelf: Shelf) -> None:
    shelf.put("1", "a", bytes(3000))
    assert not shelf.put("1", "b", bytes(20_000))
    assert shelf.has("1", "a"), "nothing had to go for it"


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "shelf").write_text("a file where the folder should be")
    assert not Shelving(tmp_path / "shelf", 10_000, "w").shelf({}).put("1", "a", b"state")


def test_the_passages_of_a_document_go_with_it(shelving: Shelving, shelf: Shelf) -> None:
    for document in "123":
        shelf.put(document, "a", b"state")
    shelving.keep_only({"1", "3"})
    assert [shelf.has(document, "a") for document in "123"] == [True, False, True]
    shelving.keep_only(set())
    assert not [*shelving.folder.iterdir()]
    shelving.keep_only(set())


def test_passages_that_are_none_any_more_go(shelf: Shelf) -> None:
    shelf.put("1", "old", b"state")
    shelf.put("1", "new", b"state")
    shelf.put("2", "old", b"state")
    shelf.tidy("1", {"new"})
    assert [shelf.has("1", "old"), shelf.has("1", "new"), shelf.has("2", "old")] == [
        False, True, True,
    ]  # fmt: skip


def test_a_key_follows_from_the_passage_and_what_it_is_read_behind() -> None:
    def key(*prompt: Part) -> list[str]:
        return [found for _, found in keys(prompt)]

    one, other = Part("ab", passage=passage("a", "b")), Part("c", passage=passage("c"))
    (alone,) = key(HEAD, one)
    assert key(HEAD, one, other, Part("Question?"))[0] == alone
    assert key(HEAD, other, one)[1] == alone, "wherever it stands"
    hidden = Part("a", passage=Passage((("a", True), ("b", False)), "1"))
    assert key(HEAD, hidden) == [alone], "whatever of it is shown"
    assert key(Part("Other:\n", template=True), one) != [alone]
    assert key(HEAD, Part("ab", passage=passage("ab"))) != [alone]
    assert key(HEAD, Part("Question?")) == []
