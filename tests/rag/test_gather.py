"""Passages made ready to be read."""

from __future__ import annotations

from index.types import Chunk, Entry, Hit
from rag.gather import joined, without_repeats

TEXT = (
    "The harbour at Varn was closed at noon because the tide rose. "
    "Boats were moved to the inner basin by two tugs.\n\n"
    "Its master said that nobody was hurt and nothing was lost. "
    "The harbour opens again on Monday at six in the morning."
)
CUTS = (0, 62, 112, 172, len(TEXT))


def hit(n: int, *, document: int = 1, text: str = "", header: str = "Tides", page: int = 1) -> Hit:
    """Passage `n` of TEXT, or one with a text of its own."""
    start, end = CUTS[n], CUTS[n + 1]
    body = text or TEXT[start:end].rstrip()
    entry = Entry(document, f"/{document}.txt", "", "Tides", None, None, None, "", 0, 4)
    chunk = Chunk(n, start, start + len(body), body, header, page)
    return Hit(document * 10 + n, entry, chunk, 1.0)


def text(document: int, start: int, end: int) -> str:
    assert document == 1
    return TEXT[start:end]


def test_neighbours_are_joined_at_the_place_of_the_best() -> None:
    hits = [hit(2), hit(0, document=2), hit(1), hit(3)]
    whole = joined(hits, text)
    assert [each.entry.id for each in whole] == [1, 2]
    assert whole[0].chunk.text == TEXT[CUTS[1] :]
    assert (whole[0].chunk.start, whole[0].chunk.end) == (CUTS[1], len(TEXT))
    assert whole[0].chunk_id == hits[0].chunk_id
    assert whole[0].chunk.ordinal == 1


def test_three_at_most_and_each_passage_once() -> None:
    whole = joined([hit(0), hit(1), hit(2), hit(3)], text)
    assert [(each.chunk.ordinal, each.chunk.text) for each in whole] == [
        (0, TEXT[: CUTS[3]].rstrip()),
        (3, TEXT[CUTS[3] :]),
    ]


def test_pages_and_sections_stay_apart() -> None:
    hits = [hit(0), hit(1, page=2), hit(2, header="Basins", page=2)]
    assert joined(hits, text) == hits


def test_what_does_not_touch_stays_as_it_is() -> None:
    hits = [hit(3), hit(1), hit(2, document=2)]
    assert joined(hits, text) == hits


def test_repeats_are_left_out() -> None:
    notice = "This newsletter is sent to all members of the harbour club of Varn each Friday."
    hits = [
        hit(0),
        hit(1, document=2, text=notice),
        hit(1, document=3, text=notice.upper() + "!"),
        hit(2, document=3, text=TEXT[: CUTS[1]].replace("at noon", "at 12")),
        hit(0, document=4, text="Tides"),
        hit(0, document=5, text="tides?"),
    ]
    kept = without_repeats(hits)
    assert [each.entry.id for each in kept] == [1, 2, 3, 4]


def test_nothing_found_gives_nothing() -> None:
    assert without_repeats([]) == []
    assert joined([], text) == []
