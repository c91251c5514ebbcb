"""What a question says of the article itself."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from index.dates import mentioned
from index.library import Library, LibrarySettings
from index.named import About, Known, Names, fit, freshness, of_now, period, spanned
from index.ranking import Weights
from tests.fakes import HashEmbedder

WEDNESDAY = dt.date(2029, 3, 14)


def days(first: str, last: str) -> tuple[dt.date, dt.date]:
    return dt.date.fromisoformat(first), dt.date.fromisoformat(last)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What happened on March 3, 2029?", ["2029-03-03"]),
        ("between 3.4.2028 and May 2029", ["2028-04-03", "2029-05"]),
        ("Who won the 2022 cup in 2023?", ["2022", "2023"]),
        ("since 03/04/2026, or for $2026, 1.2025 or 12025", []),
        ("no date at all", []),
    ],
)
def test_dates_in_a_question(text: str, found: list[str]) -> None:
    assert mentioned(text) == found


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What was said on 3 March 2029?", days("2029-03-03", "2029-03-03")),
        ("What was said in February 2028?", days("2028-02-01", "2028-02-29")),
        ("from 2027 to May 2029", days("2027-01-01", "2029-05-31")),
        ("Who resigned this week?", days("2029-03-07", "2029-03-14")),
        ("Who resigned last month?", days("2029-02-01", "2029-02-28")),
        ("What rose last year?", days("2028-01-01", "2028-12-31")),
        ("What fell yesterday?", days("2029-03-13", "2029-03-13")),
        ("Who resigned?", None),
    ],
)
def test_the_days_that_a_question_names(
    question: str, expected: tuple[dt.date, dt.date] | None
) -> None:
    assert period(question, WEDNESDAY) == expected


def test_without_a_day_of_asking_last_week_is_only_words() -> None:
    assert period("Who resigned last week?") is None


@pytest.mark.parametrize(
    ("date", "share"),
    [
        ("2029-03-03", 1.0),
        ("2029-03", 1.0),
        ("2029", 1.0),
        ("2029-03-08", 0.5),
        ("2029-03-20", 0.0),
        ("2029-03-02", 0.0),
    ],
)
def test_how_a_date_fits_a_day(date: str, share: float) -> None:
    assert fit(spanned(date), days("2029-03-03", "2029-03-03")) == share


NAMES = Names(
    {
        1: About("Ada Lane and Bo Kim", "The Example Times", None),
        2: About(None, "Nature", None),
        3: About("Li Wei", "varnpost.com", None),
    }
)


@pytest.mark.parametrize(
    ("question", "documents"),
    [
        ("What did the example times report?", [1]),
        ("What is in Ada Lane's article?", [1]),
        ("What does the article by Kim say?", [1]),
        ("What did Varnpost write?", [3]),
        ("What is the nature of light?", []),
        ("What did Nature print about light?", [2]),
        ("What did Kim do?", []),
        ("", []),
    ],
)
def test_sources_and_authors_in_a_question(question: str, documents: list[int]) -> None:
    assert list(NAMES.of(question)) == documents


@pytest.mark.parametrize(
    ("question", "now"),
    [
        ("Who resigned this week?", True),
        ("What is the latest price?", True),
        ("Who still heads the harbour?", True),
        ("Who spoke on Tuesday?", True),
        ("Who founded the harbour?", False),
        ("What is known about snow?", False),
    ],
)
def test_questions_that_speak_of_now(question: str, now: bool) -> None:
    assert of_now(question) == now


def test_the_newer_the_fresher() -> None:
    dates = ["2030", "2019", "2028-03", "2029-01-13", "2029-03-14"]
    fresh = [freshness(spanned(date), WEDNESDAY) for date in dates]
    assert fresh[0] == 0.0
    assert fresh == sorted(fresh)
    assert fresh[-2:] == [0.5, 1.0]


@pytest.mark.parametrize(
    ("question", "today", "gains"),
    [
        ("Who heads it?", None, [0.0, 1.0, 0.5]),
        ("Who heads it now?", None, [0.1, 3.0, 1.5]),
        ("Who heads it now?", dt.date(2020, 5, 1), [3.0, 0.0, 1.5]),
        ("Who heads it now?", dt.date(2039, 5, 1), [0.1, 3.0, 1.5]),
        ("Who heads it now?", dt.date(2001, 5, 1), [0.0, 0.0, 0.0]),
        ("Who headed it in 2027?", None, [0.0, 0.0, 0.0]),
        ("Who headed it in March 2029?", None, [0.0, 1.0, 0.5]),
    ],
)
def test_how_much_being_new_matters(
    question: str, today: dt.date | None, gains: list[float]
) -> None:
    known = Known(
        {
            1: About(None, None, "2020-05-01"),
            2: About(None, None, "2029-03-14"),
            3: About(None, None, None),
        }
    )
    asked = known.asked(question, today)
    found = [asked.gain(number, named=0.0, recent=1.0) for number in (1, 2, 3)]
    assert found == pytest.approx(gains, abs=0.06)


def test_the_only_article_with_a_date_gains_nothing_on_the_others() -> None:
    known = Known({1: About(None, None, "2029-03-14"), 2: About(None, None, None)})
    asked = known.asked("Who heads it now?")
    assert asked.gain(1, named=0.0, recent=1.0) == asked.gain(2, named=0.0, recent=1.0)


def test_documents_of_a_named_time_are_found_by_their_dates() -> None:
    dates = ["2029-03-03", None, "2029-03", "2028", "2029-03-03", "2029-03-08"]
    known = Known({number: About(None, None, date) for number, date in enumerate(dates)})
    assert known.asked("What happened on March 3, 2029?").named == {0: 1.0, 2: 1.0, 4: 1.0, 5: 0.5}
    assert known.asked("What happened?").named == {}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    for name, head in (
        ("one", "author: Ada Lane\nsource: Example Times\ndate: 2029-03-03\n"),
        ("two", "author: Bo Kim\nsource: Varn Gazette\ndate: 2028-07-10\n"),
    ):
        (tmp_path / f"{name}.md").write_text(
            f"---\ntitle: Tides\n{head}---\nThe harbour {name} was closed because the tide rose.\n"
        )
    library = Library(tmp_path / "home", HashEmbedder(), LibrarySettings(chunk_tokens=40))
    library.add([tmp_path / "one.md", tmp_path / "two.md"])
    return library


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Why was the harbour closed, according to the Example Times?", "one.md"),
        ("Why was the harbour closed, according to the Varn Gazette?", "two.md"),
        ("Why was the harbour closed? The article by Kim", "two.md"),
        ("Why was the harbour closed in March 2029?", "one.md"),
        ("Why was the harbour closed in July 2028?", "two.md"),
        ("Why was the harbour closed last week?", "one.md"),
    ],
)
def test_what_a_question_names_comes_first(library: Library, question: str, first: str) -> None:
    hits = library.search(question, today=dt.date(2029, 3, 8))
    assert Path(hits[0].entry.path).name == first
    assert len(hits) == 2


def test_it_can_be_switched_off_and_follows_corrections(library: Library, tmp_path: Path) -> None:
    question = "Why was the harbour closed, according to the Example Times?"
    library.edit("two.md", {"source": "Example Times"})
    library.edit("one.md", {"source": None})
    assert Path(library.search(question)[0].entry.path).name == "two.md"
    library.close()
    plain = Library(
        tmp_path / "home",
        HashEmbedder(),
        LibrarySettings(40, weights=Weights(named=0.0, recent=0.0)),
    )
    scores = [hit.score for hit in plain.search(question)]
    assert max(scores) - min(scores) < 0.3
