"""A search is limited before it is ranked, so that what fits fills the places."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import NotFoundError
from index.library import Labels, Library, LibrarySettings
from index.types import Filter
from tests.fakes import HashEmbedder

DATES = ["2023", "2024-02", "2024-02-10", "2024-03-31", ""]


@pytest.fixture(params=["exact", "faiss", "compressed"])
def library(tmp_path: Path, request: pytest.FixtureRequest) -> Library:
    library = Library(
        tmp_path / "home", HashEmbedder(), LibrarySettings(40, store=request.param, candidates=5)
    )
    for n, date in enumerate(DATES):
        file = tmp_path / f"{n}.md"
        dated = f"---\ndate: {date}\n---\n" if date else ""
        file.write_text(f"{dated}# Note {n}\n\nThe harbour of town {n} was closed by the tide.\n")
        library.add([file], labels=Labels("even" if n % 2 == 0 else "odd", (f"t{n}", "all")))
    crowd = tmp_path / "crowd.txt"
    crowd.write_text("\n\n".join(f"The harbour and the tide, the harbour {n}." for n in range(80)))
    library.add([crowd])
    return library


def found(library: Library, where: Filter) -> str:
    hits = library.search("harbour tide", 10, where)
    assert all(hit.similarity is not None for hit in hits)
    return "".join(sorted({Path(hit.entry.path).stem for hit in hits}))


@pytest.mark.parametrize(
    ("where", "names"),
    [
        (Filter(collections=("even",)), "024"),
        (Filter(collections=("even", "odd")), "01234"),
        (Filter(collections=("even", ""), tags=("all",)), "024"),
        (Filter(tags=("t3",)), "3"),
        (Filter(tags=("t3", "all")), "3"),
        (Filter(tags=("t3", "t2")), ""),
        (Filter(documents=("2.md", "4")), "23"),
        (Filter(documents=("2.md",), collections=("odd",)), ""),
        (Filter(date_from="2024-02"), "123"),
        (Filter(date_from="2024-02-11"), "13"),
        (Filter(date_from="2024-02-10", date_to="2024-02-10"), "12"),
        (Filter(date_to="2023-06"), "0"),
        (Filter(date_to="2024"), "0123"),
        (Filter(date_from="2025"), ""),
        (Filter(date_from="2024-03", collections=("odd",)), "3"),
    ],
)
def test_filters(library: Library, where: Filter, names: str) -> None:
    assert found(library, where) == names


def test_no_filter_searches_all(library: Library) -> None:
    assert found(library, Filter()) == found(library, Filter(documents=("crowd.txt",)))
    assert not Filter()
    assert Filter(tags=("a",))


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (Filter(collections=("evne",)), "refdesk collections"),
        (Filter(tags=("t9",)), "t1"),
        (Filter(documents=("9.md",)), "refdesk list"),
    ],
)
def test_what_does_not_exist_is_told(library: Library, where: Filter, message: str) -> None:
    with pytest.raises(NotFoundError, match=message):
        library.search("harbour", 3, where)


def test_a_change_of_labels_is_seen(library: Library) -> None:
    assert found(library, Filter(tags=("t3",))) == "3"
    library.edit("1.md", tags=["t3"], untag=["t1"])
    assert found(library, Filter(tags=("t3",))) == "13"
    library.edit("1.md", collection="even")
    assert found(library, Filter(collections=("even",))) == "0124"
    assert library.collections() == {"": 1, "even": 4, "odd": 1}
