"""The cache of word search: never wrong, and made again whatever happens to it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index import generations, tantivy, wordcache
from index.errors import SettingsError
from index.library import Library, LibrarySettings
from index.wordcache import WordCache
from index.words import Fts5Words
from tests.fakes import HashEmbedder

ROOT = Path(__file__).resolve().parent.parent.parent


def opened(home: Path, words: str = "tantivy") -> Library:
    return Library(home, HashEmbedder(), LibrarySettings(chunk_tokens=40, words=words))


def article(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.md"
    path.write_text(f"# On {name}\n\n{text}\n", encoding="utf-8")
    return path


def searched(library: Library) -> str:
    """What searches now, after any update in the background."""
    library._search.words.search()
    if library._search.words._updating is not None:
        library._search.words._updating.join()
    return type(library._search.words.search()).__name__


def holding(library: Library, word: str) -> list[str]:
    """The documents with a word, by what searches by words now."""
    found = library._search.words.search().passages(word, 10)
    of = library._catalog.documents_of([each for each, _ in found])
    entries = {entry.id: Path(entry.path).stem for entry in library.entries()}
    return sorted({entries[number] for number in of.values()})


def generation(home: Path) -> Path:
    return home / "words" / (home / "words" / "CURRENT").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the articles that `library` holds."""
    return tmp_path_factory.mktemp("articles")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, articles: Path) -> Path:
    """A data folder to copy: making it waits for the disk."""
    home = tmp_path_factory.mktemp("made") / "home"
    library = opened(home)
    library.add(
        [
            article(articles, "tides", "The harbour closed because of the tide."),
            article(articles, "bread", "Two loaves were sold at the harbour."),
        ]
    )
    library.close()
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def library(made: Path, home: Path) -> Iterator[Library]:
    shutil.copytree(made, home)
    library = opened(home)
    yield library
    library.close()


def test_an_add_leaves_a_cache_that_others_open(library: Library, home: Path) -> None:
    assert type(library._search.words.search()) is tantivy.TantivyWords
    other = opened(home)
    assert type(other._search.words.search()) is tantivy.TantivyWords
    assert holding(other, "harbours") == ["bread", "tides"]
    other.close()


def test_only_what_changed_is_written(library: Library, home: Path, tmp_path: Path) -> None:
    before = generation(home)
    library.add([article(tmp_path, "snow", "Snow fell on the harbour.")])
    after = generation(home)
    assert (before / "written.json").read_text() == "2"
    assert (after / "written.json").read_text() == "3"
    segments = list((before / "passages").glob("*.idx"))
    assert len(segments) == 1
    assert (after / "passages" / segments[0].name).samefile(segments[0])
    assert holding(library, "harbour") == ["bread", "snow", "tides"]


def test_what_was_removed_or_changed_is_not_found(library: Library, articles: Path) -> None:
    library.remove(str(articles / "bread.md"))
    assert type(library._search.words.search()) is tantivy.TantivyWords
    assert holding(library, "harbour") == ["tides"]
    library.add([article(articles, "tides", "The spring was dry.")])
    assert type(library._search.words.search()) is tantivy.TantivyWords
    assert holding(library, "harbour") == []
    assert holding(library, "spring") == ["tides"]


def test_a_corrected_title_is_found_in_articles(library: Library, articles: Path) -> None:
    entry = library.edit(str(articles / "tides.md"), {"title": "Zebras"})
    assert type(library._search.words.search()) is tantivy.TantivyWords
    assert [number for number, _ in library._search.words.search().articles("zebra", 5)] == [
        entry.id
    ]


def test_an_edit_that_touches_no_text_needs_no_new_cache(library: Library, articles: Path) -> None:
    before = library._search.words.search()
    library.edit(str(articles / "tides.md"), tags=["sea"])
    assert library._search.words.search() is before


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.unlink()  # older generations may be links to the same file
    path.write_bytes(bytes(data))


def damages() -> dict[str, Callable[[Path], object]]:
    made: dict[str, Callable[[Path], object]] = {
        "all gone": lambda home: shutil.rmtree(home / "words"),
        "pointer": lambda home: (home / "words" / "CURRENT").write_text("gen-\x00"),
        "manifest": lambda home: (generation(home) / "manifest.json").write_text('{"state": []}'),
        "a folder gone": lambda home: shutil.rmtree(generation(home) / "articles"),
        "meta": lambda home: flip(generation(home) / "passages" / "meta.json"),
        "count": lambda home: flip(generation(home) / "written.json"),
    }
    for kind in ("idx", "term", "fieldnorm", "fast", "store"):
        for index in ("passages", "articles"):
            made[f"{index} {kind}"] = lambda home, index=index, kind=kind: flip(  # type: ignore[misc]
                next((generation(home) / index).glob(f"*.{kind}"))
            )
    return made


@pytest.mark.parametrize("damage", damages().values(), ids=damages())
def test_damage_costs_time_only(
    library: Library, home: Path, damage: Callable[[Path], object]
) -> None:
    library.close()
    damage(home)
    other = opened(home)
    assert type(other._search.words.search()) is Fts5Words
    assert holding(other, "harbour") == ["bread", "tides"]
    assert searched(other) == "TantivyWords"
    assert holding(other, "harbour") == ["bread", "tides"]
    other.close()
    third = opened(home)
    assert type(third._search.words.search()) is tantivy.TantivyWords
    third.close()


def test_an_index_that_lies_is_not_taken(
    library: Library, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = tantivy.update
    calls: list[Path] = []

    def forgetful(folder: Path, *given: object, **named: object) -> int:
        calls.append(folder)
        based = (folder / "written.json").exists()
        return 0 if based else update(folder, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(wordcache.tantivy, "update", forgetful)
    library.add([article(tmp_path, "snow", "Snow fell on the harbour.")])
    assert len(calls) == 2  # upon the last generation, then from scratch
    assert holding(library, "harbour") == ["bread", "snow", "tides"]
    assert type(library._search.words.search()) is tantivy.TantivyWords


def test_what_another_process_changed_is_found(
    library: Library, home: Path, tmp_path: Path
) -> None:
    other = opened(home)
    assert holding(other, "harbour") == ["bread", "tides"]
    library.add([article(tmp_path, "snow", "Snow fell on the harbour.")])
    assert type(other._search.words.search()) is tantivy.TantivyWords
    assert holding(other, "harbour") == ["bread", "snow", "tides"]
    other.close()


def test_an_older_cache_answers_nothing(library: Library, home: Path, tmp_path: Path) -> None:
    """As after a crash between storing and publishing."""
    library._search.words.publish = lambda: None  # type: ignore[method-assign]
    library.add([article(tmp_path, "snow", "Snow fell on the harbour.")])
    other = opened(home)
    assert type(other._search.words.search()) is Fts5Words
    assert holding(other, "harbour") == ["bread", "snow", "tides"]
    assert searched(other) == "TantivyWords"
    assert holding(other, "harbour") == ["bread", "snow", "tides"]
    other.close()


def test_a_backup_put_back_is_noticed(library: Library, home: Path, tmp_path: Path) -> None:
    library.close()
    shutil.copyfile(home / "library.sqlite", tmp_path / "backup")
    first = opened(home)
    first.add([article(tmp_path, "snow", "Snow fell on the harbour.")])
    state = first._catalog.state()
    first.close()
    shutil.copyfile(tmp_path / "backup", home / "library.sqlite")
    second = opened(home, words="fts5")
    second.add([article(tmp_path, "fog", "Fog lay on the harbour.")])
    assert second._catalog.state()[:2] == state[:2]
    second.close()
    third = opened(home)
    assert type(third._search.words.search()) is Fts5Words
    assert searched(third) == "TantivyWords"
    assert holding(third, "harbour") == ["bread", "fog", "tides"]
    assert holding(third, "snow") == []
    third.close()


CRASH = """
import os, signal, sys
from pathlib import Path
from index import generations, tantivy, wordcache
from index.library import Library, LibrarySettings
from tests.fakes import HashEmbedder

home, document, place = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
library = Library(home, HashEmbedder(), LibrarySettings(chunk_tokens=40, words="tantivy"))

def dying(found, after):
    def run(*given, **named):
        if after:
            found(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    return run

if place == "before":
    library._search.words.publish = dying(library._search.words.publish, False)
elif place == "written":
    tantivy.update = dying(tantivy.update, True)
elif place == "half":
    tantivy._article_document = dying(tantivy._article_document, False)
elif place == "renamed":
    rename = Path.rename
    Path.rename = lambda path, to: dying(rename, True)(path, to) if path.suffix == ".tmp" \
        and "words" in path.parts else rename(path, to)
else:
    prune = generations._prune
    generations._prune = lambda root: dying(prune, False)(root) if root.name == "words" else None
library.add([document])
"""


@pytest.mark.parametrize("place", ["before", "half", "written", "renamed", "pointed"])
def test_a_killed_process_leaves_a_library_that_goes_on(
    library: Library, home: Path, tmp_path: Path, place: str
) -> None:
    library.close()
    snow = article(tmp_path, "snow", "Snow fell on the harbour.")
    died = subprocess.run(
        [sys.executable, "-c", CRASH, str(home), str(snow), place],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL, died.stderr
    other = opened(home)
    assert holding(other, "harbour") == ["bread", "snow", "tides"]
    assert searched(other) == "TantivyWords"
    assert holding(other, "harbour") == ["bread", "snow", "tides"]
    other.add([article(tmp_path, "fog", "Fog lay on the harbour.")])
    assert type(other._search.words.search()) is tantivy.TantivyWords
    assert holding(other, "harbour") == ["bread", "fog", "snow", "tides"]
    assert not list((home / "words").glob("*.tmp"))
    other.close()


def test_searches_while_another_thread_adds(library: Library, tmp_path: Path) -> None:
    failed: list[BaseException] = []
    ended = threading.Event()

    def add() -> None:
        try:
            for number in range(6):
                library.add([article(tmp_path, f"n{number}", f"Snow {number} at the harbour.")])
        except BaseException as exc:
            failed.append(exc)
        finally:
            ended.set()

    thread = threading.Thread(target=add)
    thread.start()
    searches = 0
    while not ended.is_set():
        assert {hit.entry.title for hit in library.search("loaves", 3)} >= {"On bread"}
        assert holding(library, "loaves") == ["bread"]
        searches += 1
    thread.join()
    assert not failed
    assert searches > 3
    assert len(holding(library, "harbour")) == 8
    assert searched(library) == "TantivyWords"


def test_a_cache_that_cannot_be_written_costs_time_only(
    library: Library, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(generations, "publish", full)
    monkeypatch.setattr(library._search.nearest, "publish", lambda: None)
    library.add([article(tmp_path, "snow", "Snow fell on the harbour.")])
    assert searched(library) == "Fts5Words"
    assert holding(library, "harbour") == ["bread", "snow", "tides"]
    first = library._search.words._updating
    library._search.words.search()
    assert library._search.words._updating is first  # one try for each state


def test_a_folder_that_may_only_be_read_is_searched(
    library: Library, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.close()
    locks = sorted((home / "words").rglob("*.lock"))
    for lock in locks:
        lock.unlink()
    monkeypatch.setattr(os, "access", lambda *_: False)
    other = opened(home)
    assert type(other._search.words.search()) is tantivy.TantivyWords
    assert holding(other, "harbour") == ["bread", "tides"]
    assert locks
    assert not list((home / "words").rglob("*.lock"))
    other.close()


def test_much_that_is_gone_is_left_behind(library: Library, home: Path, articles: Path) -> None:
    for number in range(4):
        library.add([article(articles, "tides", f"The harbour was closed {number} times.")])
    assert (generation(home) / "written.json").read_text() == "3"
    assert holding(library, "harbour") == ["bread", "tides"]


def test_in_a_large_library_the_last_index_answers_until_there_is_the_next(
    library: Library, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may = threading.Event()
    publish = generations.publish
    monkeypatch.setattr(generations, "publish", lambda *given: may.wait(30) and publish(*given))
    words = WordCache(library._catalog, home / "words", "tantivy", late=1)
    before = words.search()
    other = opened(home, words="fts5")
    other.add([article(tmp_path, "snow", "Snow fell on the harbour.")])
    other.close()
    assert words.search() is before
    may.set()
    words.close()
    assert words.search() is not before
    assert len(words.search().passages("harbour", 10)) == 3


def test_closing_ends_an_update(library: Library, home: Path, tmp_path: Path) -> None:
    library.close()
    shutil.rmtree(home / "words")
    other = opened(home)
    other._search.words._closed.set()
    with pytest.raises(InterruptedError):
        other._search.words._update()
    assert not list((home / "words").glob("gen-*"))
    other.close()


def test_small_libraries_have_no_cache(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = opened(home, words="auto")
    library.add([article(tmp_path, "tides", "The harbour closed because of the tide.")])
    assert library.words_by() == "fts5"
    assert type(library._search.words.search()) is Fts5Words
    assert not (home / "words").exists()
    library.close()
    monkeypatch.setattr(wordcache, "LEAST", 2)
    library = opened(home, words="auto")
    library.add([article(tmp_path, "bread", "Two loaves were sold at the harbour.")])
    assert type(library._search.words.search()) is tantivy.TantivyWords
    assert holding(library, "harbour") == ["bread", "tides"]
    assert library.words_by() == "tantivy"
    library.close()


def test_without_the_package(library: Library, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library.close()
    monkeypatch.setattr(tantivy, "installed", lambda: False)
    monkeypatch.setattr(wordcache, "LEAST", 1)
    with pytest.raises(SettingsError, match="tantivy is not installed"):
        opened(home)
    other = opened(home, words="auto")
    assert type(other._search.words.search()) is Fts5Words
    assert other.words_by() == "fts5, not tantivy: the package is not installed"
    assert holding(other, "harbour") == ["bread", "tides"]
    other.close()
