"""Misspelt words of a question: what is put right, and what is left alone."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from index.library import Library
from tests.fakes import HashEmbedder, library_of

ARTICLE = """\
Kestrels through to the second round

The Kestrels beat Norvik on Sunday. Their coach, Dafydd Huth, recommended patience. Headquarters
moved to Aldermoor in May. The interest on the loan is 5.5 per cent; the bones of the old bridge,
its government papers and its characterised stones are in the museum. Critics of the plan were few,
and its criticism came from INTERREG. Karlsen and Carlsson signed; so did Hansen and Hanssen.
"""

COMMON = frozenset(
    "bonus salary there where which their coach beats molding leaks legal between".split()
)


class Pieces(HashEmbedder):
    """Takes the words above for common, as a tokenizer does that has a token for each."""

    def count(self, texts: Sequence[str]) -> list[int]:
        return [1 if text.lower() in COMMON else 2 for text in texts]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library_of(tmp_path, "kestrels.txt", ARTICLE).close()
    return Library(tmp_path / "home", Pieces())


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("Who beat the Kestrals?", "Who beat the Kestrels?"),
        ("who beat the kestrals", "who beat the Kestrels"),
        ("What intrest is paid?", "What interest is paid?"),
        ("What was recomended?", "What was recommended?"),
        ("Where is the heaquarter now?", "Where is the Headquarters now?"),
        ("What moved to Aldermore?", "What moved to Aldermoor?"),
        ("What did the goverment keep?", "What did the government keep?"),
        ("Whose critisism was it?", "Whose criticism was it?"),
        ("What said INTEREG?", "What said INTERREG?"),
        ("Did Nrovik win?", "Did Norvik win?"),
    ],
)
def test_a_slip_is_put_right(library: Library, typed: str, right: str) -> None:
    assert library.spelt(typed) == right


@pytest.mark.parametrize(
    "typed",
    [
        "Who beat the Kestrels?",
        "Who got a bonus?",  # a common word, though "bones" is near
        "Who had bonuses?",  # and one that is made of it
        "What does the coach criticise?",  # another form, no slip
        "Who is Karlsson?",  # between two names of the library
        "Who is Huht?",  # too short: near to many
        "What is 5.6 or CoYMV?",
        "Who runs Northwind?",
        "",
    ],
)
def test_what_may_be_meant_as_it_is_stays(library: Library, typed: str) -> None:
    assert library.spelt(typed) == typed


def test_an_empty_library_knows_no_words(tmp_path: Path) -> None:
    assert Library(tmp_path / "none", Pieces()).spelt("Who beat the Kestrals?").endswith("rals?")


def test_new_articles_bring_new_words(library: Library, tmp_path: Path) -> None:
    assert library.spelt("What is the demurage?") == "What is the demurage?"
    (tmp_path / "ship.txt").write_text("Ships\n\nThe demurrage was paid.\n", encoding="utf-8")
    library.add([tmp_path / "ship.txt"])
    assert library.spelt("What is the demurage?") == "What is the demurrage?"
    library.remove("ship.txt")
    assert library.spelt("What is the demurage?") == "What is the demurage?"


def test_a_library_that_cannot_be_written_is_read(library: Library, tmp_path: Path) -> None:
    library.close()
    file = tmp_path / "home" / "library.sqlite"
    for name in (file, file.parent):
        name.chmod(stat.S_IREAD | (stat.S_IEXEC if name.is_dir() else 0))
    try:
        assert Library(file.parent, Pieces()).spelt("The Kestrals?") == "The Kestrels?"
    finally:
        file.parent.chmod(stat.S_IRWXU)
