"""Dates and authors from bylines: what is stated, and never a guess."""

from __future__ import annotations

import datetime as dt

import pytest

from index.bylines import find_author, find_date, find_source, is_byline, is_name
from index.dates import in_words, normalise, residue

BODY = "The ferry to the island will stop at the old pier again from the spring, its owner says."


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("Updated March 16, 2026", "2026-03-16"),
        ("7 min read12 viewsUpdated March 16, 2026", "2026-03-16"),
        ("16 March 2026", "2026-03-16"),
        ("March 16th, 2026", "2026-03-16"),
        ("Monday, 16 March 2026 at 10:30 AM ET", "2026-03-16"),
        ("16 Mar 2026, 10:00 GMT", "2026-03-16"),
        ("Published: 16-Mar-2026", "2026-03-16"),
        ("2026-03-16", "2026-03-16"),
        ("2026/3/16 08:15", "2026-03-16"),
        ("03/16/2026", "2026-03-16"),
        ("16/03/2026", "2026-03-16"),
        ("03/03/2026", "2026-03-03"),
        ("16.03.2026", "2026-03-16"),
        ("2026年3月16日", "2026-03-16"),
        ("June 2026", "2026-06"),
        ("Sept. 2026", "2026-09"),
        ("*Posted on Dec. 5, 2025*", "2025-12-05"),
        ("By Jane Doe | Island Post | March 3, 2026", "2026-03-03"),
        ("Posted by Jane Doe on March 3, 2026", "2026-03-03"),
        ("Jane Doe, 3 March 2026", "2026-03-03"),
        ("Published March 1, 2026 · Updated March 16, 2026", "2026-03-01"),
        ("2026-03-16T08:00Z", "2026-03-16"),
        ("2026-03-16T08:00:00.000+01:00", "2026-03-16"),
        ("Asked March 16, 2026", "2026-03-16"),
        ("16.03.2026, 07:30 Uhr", "2026-03-16"),
        ("Montag, 16. März 2026 um 06:00 Uhr", "2026-03-16"),
        ("Veröffentlicht am 2. Mai 2026", "2026-05-02"),
        ("Von Jana Doe | 16. Dez. 2026", "2026-12-16"),
        ("Publié le 1er août 2026 à 08h00", "2026-08-01"),
        ("Par Hélène Roux, le 16 juil. 2026", "2026-07-16"),
        ("Fri 16 Jan 2026 07.00 GMT", "2026-01-16"),
        ("2026-03-16 | Science desk | Jane Doe", "2026-03-16"),
        (
            "**Island Courier** · Published 16 March 2026 · By Jane Doe, harbour reporter",
            "2026-03-16",
        ),
        ("*Piers & Docks magazine | Words: Jane Doe | 16 March 2026*", "2026-03-16"),
        ("Minutes of the harbour board, 16 March 2026", "2026-03-16"),
        ("Decided 16 March 2026", "2026-03-16"),
        ("Contract no. 12-A. Signed on 16 March 2026.", "2026-03-16"),
        # unknown stays unknown
        ("The fire of 16 March 2026 | What we know", None),
        ("Minutes of the storm of 16 March 2026 that were lost", None),
        ("It was never signed on 16 March 2026", None),
        ("18.06.", None),
        ("18. Juni, 07:30 Uhr", None),
        ("Mars 2026", None),
        ("06/18", None),
        ("June 18", None),
        ("03/04/2026", None),
        ("30 February 2026", None),
        ("March 16, 0026", None),
        ("3 hours ago", None),
        ("© 2026 Island Post", None),
        ("Version 1.2.2020 of the plan", None),
        ("In March 2026 the owner sold it.", None),
        ("The storm of October 29, 2019", None),
        ("By the evening of March 16, 2026 the pier was gone.", None),
    ],
)
def test_date_of_a_line_under_the_title(line: str, date: str | None) -> None:
    assert find_date(f"A pier comes back\n{line}\n\n{BODY}") == date


def test_published_wins_over_bare_and_bare_over_updated() -> None:
    assert find_date("T\nUpdated May 3, 2026\nMay 1, 2026\nx") == "2026-05-01"
    assert find_date("T\nMay 1, 2026\nPublished April 30, 2026\nx") == "2026-04-30"


def test_only_the_head_and_labelled_lines_count() -> None:
    long = " ".join([BODY] * 3)
    assert find_date(f"T\n{long}\n{long}\nMarch 3, 2026\n{long}") is None
    assert find_date(f"T\n{long}\n{long}\nPublished March 3, 2026") == "2026-03-03"
    assert find_date("\n".join(["Word"] * 15 + ["March 3, 2026"])) is None
    assert find_date(f"T\nOn March 3, 2026 it was said that {long}") is None


def test_the_date_that_opens_a_report() -> None:
    rest = " ".join([BODY] * 3)
    openings = (
        "OSLO, Norway, May 4, 2026 (Wire) -- ",
        "BERN (4. Mai 2026) – ",
        "Bern, 4 May 2026. ",
    )
    for opening in openings:
        assert find_date(f"A pier comes back\n{opening}{rest}") == "2026-05-04"
        assert find_date(f"A pier comes back\n06/18\n{opening}{rest}") == "2026-05-04"
    assert find_date(f"A pier comes back\nThe storm of May 4, 2026 took it. {rest}") is None


@pytest.mark.parametrize(
    ("value", "date"),
    [
        (dt.date(2026, 6, 18), "2026-06-18"),
        (dt.datetime(2026, 6, 18, 23, 59, tzinfo=dt.UTC), "2026-06-18"),
        (2026, "2026"),
        ("2026", "2026"),
        ("2026-06", "2026-06"),
        ("2026-06-18", "2026-06-18"),
        ("2026-6-8", "2026-06-08"),
        ("2026-06-18T10:00:00+02:00", "2026-06-18"),
        ("20260618", "2026-06-18"),
        ("Thu, 18 Jun 2026 10:00:00 +0000", "2026-06-18"),
        ("June 18, 2026", "2026-06-18"),
        ("2026-13-01", None),
        ("2026-02-30", None),
        ("06/07/2026", None),
        ("06/18", None),
        ("soon", None),
        ("9999", None),
        ("", None),
        (None, None),
        (True, None),
        (20.5, None),
        (["2026-06-18"], None),
    ],
)
def test_normalise(value: object, date: str | None) -> None:
    assert normalise(value) == date


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("By Jane Doe", "Jane Doe"),
        ("by Jane Doe | Island Post | March 3, 2026", "Jane Doe"),
        ("Written by: Ana de la Cruz and Li O'Hara – 4 min read", "Ana de la Cruz and Li O'Hara"),
        ("Author: J. R. van Dam", "J. R. van Dam"),
        ("Jane DoeJane Doe", "Jane Doe"),
        ("Jane Doe Jane Doe", "Jane Doe"),
        ("Von Katrin Vogel", "Katrin Vogel"),
        ("Par Élodie Le Goff et Yann Roux", "Élodie Le Goff and Yann Roux"),
        ("Autorin: Jana Doe", "Jana Doe"),
        ("Interview by Jane Doe", "Jane Doe"),
        ("By Jane Doe at Brae Harbour", "Jane Doe"),
        (
            "**Island Courier** · Published 16 March 2026 · By Jane Doe, harbour reporter",
            "Jane Doe",
        ),
        ("*Piers & Docks magazine | Words: Jane Doe | 16 March 2026*", "Jane Doe"),
        ("Jane Doe, Local Democracy Reporter", "Jane Doe"),
        ("Jane Doe, the harbour master, is the reporter of the year", None),
        ("Jane Doe, harbour master", None),
        ("By Staff Reporter", None),
        ("Von Anfang an", None),
        ("Par exemple", None),
        ("Photography by Tom Ash", None),
        ("By and large", None),
        ("By The Numbers", None),
        ("By road", None),
        ("Jane Doe", None),
        ("SoSo", None),
    ],
)
def test_author_of_a_line_under_the_title(line: str, author: str | None) -> None:
    assert find_author(f"A pier comes back\n{line}\n{BODY}") == author


def test_a_title_is_no_byline() -> None:
    assert find_author(f"By Jane Doe\n{BODY}") is None
    assert find_author(f"Author: Jane Doe\n{BODY}") == "Jane Doe"


def test_a_publisher_stands_between_title_and_date() -> None:
    assert find_source(f"A pier comes back\n\nIsland News\n06/18\n\n{BODY}") == "Island News"
    assert find_source(f"A pier comes back\nJane Doe\nMarch 3, 2026\n{BODY}") is None
    assert find_source(f"A pier comes back\nIsland News\n{BODY}") is None
    stated = "May 4, 2026 08:00 ET | Source: Norvald Works"
    assert find_source(f"A pier comes back\n{stated}\n{BODY}") == "Norvald Works"
    assert find_source(f"A pier comes back\nSource: Norvald Works\n{BODY}") is None


def test_bylines_and_what_they_leave() -> None:
    assert is_byline("5 minute read · 1.2k views")
    assert is_byline("06/18")
    assert is_byline("By Jane Doe, 3 May 2026")
    assert not is_byline("Released")
    assert not is_byline("Three people read it in May 2026 at sea")
    assert not is_byline("---")
    assert residue("3 min read | By Jane Doe | 3 May 2026") == "By Jane Doe"
    assert is_name("Ludwig van der Berg")
    assert not is_name("Share This")


@pytest.mark.parametrize(
    ("iso", "words"),
    [
        ("2026-03-06", "6 March 2026"),
        ("2026-03", "March 2026"),
        ("2026", "2026"),
        ("2026-13", "2026-13"),
        ("soon", "soon"),
    ],
)
def test_a_date_in_words(iso: str, words: str) -> None:
    assert in_words(iso) == words


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Incident\n\nDate of report: 22 April 2026\n\nSummary", "2026-04-22"),
        ("Deed\n\nDated 14 October 2026. Between A and B.", "2026-10-14"),
        ("# Lease\n\nThis Lease is made on 3 February 2025 between A and B.", "2025-02-03"),
        ("This Agreement dated as of May 4, 2026 between A and B", "2026-05-04"),
        ("Minutes\nMeeting date: 2026-03-01\nPresent", "2026-03-01"),
        ("The treaty was signed on 3 May 1990 by all.", None),
        ("The old report dated 3 May 1990 was wrong.", None),
        ("Dated furniture is back, 3 May 1990", None),
        ("This is the house built on 3 May 1999.", None),
    ],
)
def test_reports_and_deeds_say_their_date_in_their_own_way(text: str, date: str | None) -> None:
    assert find_date(text) == date
