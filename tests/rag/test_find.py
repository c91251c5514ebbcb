"""What is found to be read."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from index.library import Library, LibrarySettings
from rag.find import Finder, Reading
from tests.fakes import HashEmbedder

TALK = (
    "Ada Voss does like to work now. Where does Voss work? Ada Voss asked a head, a director, "
    "a chief executive or founder of something."
)


def test_passages_that_name_a_post_are_read_first_where_one_is_asked_for(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"talk{number}.md").write_text(
            f"# Talk {number}\n\n{TALK} It rained {number}.\n"
        )
    (tmp_path / "labs.md").write_text(
        "# News\n\nThe tide rose in Moss. Ada Voss, the head of Brae Labs, was not there.\n"
    )
    embedder = HashEmbedder()
    library = Library(tmp_path / "home", embedder, LibrarySettings(chunk_tokens=60))
    library.add(sorted(tmp_path.glob("*.md")))
    finder = Finder(library, embedder, Reading(passages=2, min_share=0.0))

    def first(question: str) -> str:
        return finder.found(question, (), None, dt.date(2026, 1, 2)).sources[0].text

    assert "Brae Labs" in first("Where does Ada Voss work now?")
    assert "Brae Labs" not in first("Why does Ada Voss like to work now?")
    library.close()
