"""Reading passages beforehand, with a library and a model of a few lines."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import ModelError, StorageError
from index.types import Entry
from rag.llm import LLM, Prefill, Prompt, Step
from rag.preread import Preread, Prereader
from rag.prompt import FAMILIES
from rag.shelf import Shelf, Shelving, keys
from rag.types import Source


class Articles:
    """Documents 1, 2, … with the passages given."""

    def __init__(self, *documents: list[str]) -> None:
        self.documents = list(documents)

    def entries(self) -> list[Entry]:
        return [
            Entry(n, f"/d/{n}", "x", f"Title {n}", None, None, None, "", 9, len(passages))
            for n, passages in enumerate(self.documents, 1)
        ]

    def passages(self, entry: Entry) -> list[str]:
        return self.documents[entry.id - 1]

    def revision(self) -> int:
        return len(self.documents)


class Reader:
    """Keeps `size` bytes of each passage that it reads; `asked`: somebody else comes first."""

    name, context = "reader", 4096

    def __init__(self, shelf: Shelf, size: int = 1000) -> None:
        self.shelf, self.size = shelf, size
        self.read_last: list[str] = []
        self.asked = 0
        self.keeps = True

    def read(self, prompt: Prompt, *, idle: bool = False) -> Iterator[Step]:
        assert idle
        yield Prefill(1, 2)
        if self.asked:
            self.asked -= 1
            return
        ((passage, key),) = keys(prompt)
        self.read_last.append("".join(text for text, _ in passage.pieces).split("\n")[1])
        if self.keeps:
            self.shelf.put(passage.shelf, key, bytes(self.size))
        yield Prefill(2, 2)

    def has_read(self, prompt: Prompt) -> bool:
        return all(self.shelf.has(passage.shelf, key) for passage, key in keys(prompt))

    def generate(self, *_: object, **__: object) -> Iterator[Step]:
        raise AssertionError

    def close(self) -> None: ...


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelving(tmp_path / "shelf", 3500, "weights").shelf({})


def over(articles: Articles, llm: Reader) -> Prereader:
    def loaded() -> LLM:
        return llm

    return Prereader(articles, FAMILIES["qwen2.5"], loaded, lambda: llm.shelf)


def source(text: str, document: int, *, beforehand: bool = False) -> Source:
    return Source(
        1, f"/d/{document}", document, f"Title {document}", None, None, 0, len(text), text, 1.0,
        beforehand=beforehand,
    )  # fmt: skip


def test_all_passages_are_read_once_the_newest_documents_first(shelf: Shelf) -> None:
    llm = Reader(shelf)
    reader = over(Articles(["One.", "Two."], ["Three."]), llm)
    assert [*reader.read()] == [Preread(1, 3), Preread(2, 3), Preread(3, 3)]
    assert llm.read_last == ["Three.", "One.", "Two."]
    assert [*reader.read()][-1] == Preread(3, 3)
    assert len(llm.read_last) == 3


def test_where_there_is_no_room_it_ends_and_says_so(shelf: Shelf) -> None:
    llm = Reader(shelf)
    told = [*over(Articles([f"Number {n}." for n in range(9)]), llm).read()]
    assert told[-1] == Preread(3, 9, full=True)
    assert shelf.held().passages == 3


def test_whoever_asks_comes_first(shelf: Shelf) -> None:
    llm = Reader(shelf)
    llm.asked = 2
    told = [*over(Articles(["One."]), llm).read()]
    assert told == [Preread(0, 1, held_up=True), Preread(0, 1, held_up=True), Preread(1, 1)]


def test_what_answers_were_made_of_takes_the_place_of_the_oldest(shelf: Shelf) -> None:
    llm = Reader(shelf)
    articles = Articles([f"Number {n}." for n in range(9)])
    reader = over(articles, llm)
    [*reader.read()]
    reader.wish([source("Number 7.", 1), source("Number 8.", 1, beforehand=True)])
    told = [*reader.read()]
    assert told[-1].full
    assert llm.read_last[3:] == ["Number 7."]
    assert shelf.held().passages == 3


def test_passages_that_the_library_has_no_more_go(shelf: Shelf) -> None:
    llm = Reader(shelf)
    articles = Articles(["One.", "Two."])
    reader = over(articles, llm)
    [*reader.read()]
    articles.documents = [["One.", "Other."]]
    [*reader.read()]
    assert llm.read_last == ["One.", "Two.", "Other."]
    assert shelf.held().passages == 2


def test_what_cannot_be_kept_is_told(shelf: Shelf) -> None:
    llm = Reader(shelf)
    llm.keeps = False
    with pytest.raises(StorageError, match=r"model\.preread_mb"):
        [*over(Articles(["One."]), llm).read()]


def test_it_follows_the_library_until_it_is_stopped(shelf: Shelf) -> None:
    llm = Reader(shelf)
    reader = over(Articles(["One."], ["Two."]), llm)
    stop = threading.Event()
    following = threading.Thread(target=reader.follow, args=(stop,))
    following.start()
    for _ in range(500):
        if reader.told == Preread(2, 2):
            break
        stop.wait(0.01)
    stop.set()
    following.join(5)
    assert not following.is_alive()
    assert llm.read_last == ["Two.", "One."]


def test_a_model_that_fails_ends_nothing(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()

    def failing() -> LLM:
        stop.set()
        raise ModelError("The language model was closed.")

    caplog.set_level("INFO", "refdesk")
    Prereader(Articles(["One."]), FAMILIES["qwen2.5"], failing, lambda: shelf).follow(stop)
    assert "The language model was closed." in caplog.text
