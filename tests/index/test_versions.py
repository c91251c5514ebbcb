"""Copies are kept once, versions give way to the newest, and vectors are made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import NotFoundError
from index.library import Library, LibrarySettings
from index.types import Filter
from tests.fakes import HashEmbedder


def story(subject: str, sentences: int = 14) -> list[str]:
    return [
        f"On day {n} the {subject} committee of ward {n * 7} heard {n + 11} witnesses and put off"
        f" its vote on item {n * 13} until the {subject} report was read."
        for n in range(1, sentences + 1)
    ]


def write(file: Path, lines: list[str], date: str = "", title: str = "A story") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    dated = f"date: {date}\n" if date else ""
    file.write_text(f"---\ntitle: {title}\n{dated}---\n\n" + "\n\n".join(lines) + "\n")
    return file


def test_the_same_file_twice_is_one_document(
    tmp_path: Path, library: Library, embedder: HashEmbedder
) -> None:
    one = write(tmp_path / "a" / "tide.md", story("harbour"))
    other = write(tmp_path / "b" / "copy.md", story("harbour"))
    assert library.add([one]).added == (str(one),)
    embedded = len(embedder.embedded)
    assert library.add([other]).copies == (str(other),)
    (entry,) = library.entries()
    assert entry.origins == (str(one), str(other))
    assert library.get(str(other)) == library.get("copy.md") == library.get("tide.md") == entry
    assert len(embedder.embedded) == embedded
    assert library.add([one, other]).unchanged == (str(one), str(other))
    assert len({hit.chunk.text for hit in library.search("harbour committee", 5)}) == 5


def test_the_same_text_in_other_bytes_is_one_document(tmp_path: Path, library: Library) -> None:
    text = "\n\n".join(story("harbour"))
    (tmp_path / "plain.txt").write_text(text, encoding="utf-8")
    (tmp_path / "wide.txt").write_text(text, encoding="utf-16")
    report = library.add([tmp_path / "plain.txt", tmp_path / "wide.txt"])
    assert (len(report.added), len(report.copies)) == (1, 1)
    assert len(library.entries()) == 1


def test_the_same_bytes_read_by_another_reader_are_another_document(
    tmp_path: Path, library: Library
) -> None:
    page = "<html><body><article><h1>Tides</h1>" + "".join(
        f"<p>{line}</p>" for line in story("harbour")
    )
    for name in ("tide.txt", "tide.html"):
        (tmp_path / name).write_text(page)
    library.add([tmp_path / "tide.txt"])
    before = library.text(library.get("tide.txt"))
    assert "<p>" in before
    assert library.add([tmp_path / "tide.html"]).added
    assert library.text(library.get("tide.txt")) == before
    assert "<p>" not in library.text(library.get("tide.html"))


def test_one_place_goes_and_the_document_stays(tmp_path: Path, library: Library) -> None:
    one = write(tmp_path / "a" / "tide.md", story("harbour"))
    other = write(tmp_path / "b" / "copy.md", story("harbour"))
    library.add([one, other])
    library.remove(str(one))
    (entry,) = library.entries()
    assert entry.origins == (str(other),)
    assert entry.path == str(other)
    with pytest.raises(NotFoundError):
        library.get(str(one))
    assert library.search("harbour committee", 1)[0].entry.path == str(other)
    library.remove("copy.md")
    assert library.is_empty()


def test_by_number_a_document_goes_with_all_its_places(tmp_path: Path, library: Library) -> None:
    library.add([write(tmp_path / each / "tide.md", story("harbour")) for each in "ab"])
    library.remove(str(library.get("tide.md").id))
    assert library.is_empty()


def test_a_copy_that_changes_becomes_a_document_of_its_own(
    tmp_path: Path, library: Library
) -> None:
    one = write(tmp_path / "a" / "tide.md", story("harbour"))
    other = write(tmp_path / "b" / "copy.md", story("harbour"))
    library.add([one, other])
    write(other, story("bakery"))
    assert library.add([one, other]).changed == (str(other),)
    assert [entry.origins for entry in library.entries()] == [(str(one),), (str(other),)]
    write(other, story("harbour"))
    library.add([other])
    assert [entry.origins for entry in library.entries()] == [(str(one), str(other))]


def test_only_what_is_new_is_embedded(
    tmp_path: Path, library: Library, embedder: HashEmbedder
) -> None:
    lines = story("harbour")
    file = write(tmp_path / "tide.md", lines)
    library.add([file])
    passages = len(embedder.embedded)
    assert passages > 6
    write(file, [*lines[:-1], "Nobody was hurt, said the harbour master of Varn on Friday."])
    library.add([file])
    assert len(embedder.embedded) - passages == 1
    embedder.embedded.clear()
    write(file, lines)
    library.add([file])  # the old last passage's vector was dropped: nothing used it
    assert len(embedder.embedded) == 1


def test_vectors_go_with_the_last_passage_that_uses_them(tmp_path: Path, library: Library) -> None:
    one = write(tmp_path / "one.md", story("harbour"))
    other = write(tmp_path / "other.md", [*story("harbour"), *story("bakery")])
    library.add([one, other])

    def vectors() -> int:
        return int(library._catalog._db.rows("SELECT count(*) FROM vector")[0][0])

    shared = vectors()
    assert shared < library._catalog.count()
    library.remove("one.md")
    assert vectors() == library._catalog.count()
    library.remove("other.md")
    assert vectors() == 0


def test_the_newest_version_takes_the_places(tmp_path: Path, library: Library) -> None:
    lines = story("harbour", 24)
    old = write(tmp_path / "old.md", lines, "2024-03-01")
    new = write(tmp_path / "new.md", [*lines[:-1], "A correction was made."], "2024-03-05")
    undated = write(tmp_path / "undated.md", ["First seen elsewhere.", *lines])
    apart = write(tmp_path / "apart.md", story("bakery"))
    library.add([undated, new, old, apart])
    hits = library.search("harbour committee witnesses", 60)
    assert {hit.entry.path for hit in hits} == {str(new), str(apart)}
    best = next(hit for hit in hits if hit.entry.path == str(new))
    assert sorted(best.entry.also_in) == sorted([str(old), str(undated)])
    assert library.get("apart.md").also_in == ()
    # Whoever asks for the old one gets it.
    only = library.search("harbour committee", 20, Filter(documents=("old.md",)))
    assert {hit.entry.path for hit in only} == {str(old)}
    library.remove("new.md")
    hits = library.search("harbour committee witnesses", 60)
    assert {hit.entry.path for hit in hits} == {str(old), str(apart)}


def test_of_undated_versions_the_later_one(tmp_path: Path, library: Library) -> None:
    lines = story("harbour", 24)
    for name in ("first.md", "second.md"):
        library.add([write(tmp_path / name, [f"The {name} of them.", *lines])])
    hits = library.search("harbour committee", 20)
    assert {Path(hit.entry.path).name for hit in hits} == {"second.md"}


def test_a_version_that_changes_leaves_the_family(tmp_path: Path, library: Library) -> None:
    lines = story("harbour", 24)
    one = write(tmp_path / "one.md", lines, "2024-01-01")
    other = write(tmp_path / "other.md", [*lines, "One more."], "2024-01-02")
    library.add([one, other])
    assert library.get("one.md").also_in == (str(other),)
    write(one, story("bakery", 24), "2024-01-01")
    library.add([one])
    assert library.get("one.md").also_in == library.get("other.md").also_in == ()
    assert library.search("bakery committee", 1)[0].entry.path == str(one)


def test_merging_can_be_switched_off(tmp_path: Path, embedder: HashEmbedder) -> None:
    lines = story("harbour", 24)
    library = Library(
        tmp_path / "home", embedder, LibrarySettings(chunk_tokens=40, merge_versions=False)
    )
    library.add(
        [write(tmp_path / "one.md", lines), write(tmp_path / "two.md", [*lines, "One more."])]
    )
    assert len({hit.entry.id for hit in library.search("harbour committee", 40)}) == 2
