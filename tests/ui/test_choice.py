"""What the page's questions are limited to: the control, what it sends, and how it is told."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from index.errors import LibraryError, UsageError
from index.types import Entry, Filter
from tests.ui.fake_desk import FakeDesk
from ui.choice import Choice, choices_html, chosen, where_html

TIDES, QUAY, MARKET = FakeDesk().entries()


def no_entries() -> list[Entry]:
    raise LibraryError("asked for without need")


def sent(**limits: object) -> str:
    return json.dumps(limits)


class Inputs(HTMLParser):
    """The inputs and the fieldsets' names of the control."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.inputs: list[dict[str, str | None]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "input":
            self.inputs.append(dict(attrs))

    def boxes(self, name: str) -> list[str | None]:
        return [each["value"] for each in self.inputs if each.get("name") == name]


def legends(shown: str) -> list[str]:
    return re.findall(r"<legend>(\w+)", shown)


# What is sent


def test_nothing_chosen_limits_nothing() -> None:
    assert chosen("", no_entries) == Choice()
    assert chosen(sent(collections=[], since=""), no_entries) == Choice()


def test_what_is_chosen_becomes_a_filter() -> None:
    given = sent(collections=["news", "news"], tags=["sea"], since="2024-03 ", until="2024")

    assert chosen(given, no_entries).where == Filter(("news",), (), ("sea",), "2024-03", "2024")


def test_documents_are_named_by_their_titles() -> None:
    found = chosen(sent(documents=["2", "99"]), lambda: [TIDES, QUAY])

    assert found.where == Filter(documents=("2", "99"))
    assert found.titles == (QUAY.title, "99")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (sent(since="March"), "since = 'March' is not a date. Write a year, a month or a day"),
        (sent(until="2024-13"), "until = '2024-13' is not a date."),
        (sent(documents=[str(n) for n in range(101)]), "101 are chosen to search in; the limit"),
        ("{", "could not be read. Reload the page."),
        ("[]", "could not be read. Reload the page."),
        (sent(tags="sea"), "could not be read. Reload the page."),
        (sent(tags=[["sea"]]), "could not be read. Reload the page."),
        ("[" * 100_000, "could not be read. Reload the page."),
    ],
)
def test_what_cannot_be_a_limit_is_told(given: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        chosen(given, list)


# The control


def test_the_control_offers_what_the_library_has() -> None:
    shown = choices_html([TIDES, QUAY, MARKET])

    assert legends(shown) == ["Collections", "Tags", "Dates", "Articles"]
    inputs = Inputs(shown)
    assert inputs.boxes("collections") == ["Harbour news", "Works"]
    assert inputs.boxes("tags") == ["sea", "stone"]
    assert inputs.boxes("documents") == ["1", "2", "3"]
    assert "<span>sea <small>2</small></span>" in shown
    assert "<details" in shown
    assert "<details open" not in shown


@pytest.mark.parametrize("entries", [[], [TIDES]])
def test_there_is_no_control_where_there_is_no_choice(entries: list[Entry]) -> None:
    assert choices_html(entries) == ""


def test_what_has_no_choices_is_not_offered() -> None:
    plain = [replace(each, date=None, collections=(), tags=()) for each in (TIDES, QUAY, MARKET)]

    assert legends(choices_html(plain)) == ["Articles"]


def test_of_many_articles_the_last_are_listed() -> None:
    shown = choices_html([replace(QUAY, id=n) for n in range(2001)])

    assert Inputs(shown).boxes("documents") == [str(n) for n in range(1, 2001)]
    assert "the 2,000 added last of 2,001" in shown


def test_names_are_escaped() -> None:
    evil = '"><script>x</script>'
    entry = replace(TIDES, title=evil, collections=(evil,), tags=(evil,))

    shown = choices_html([entry, QUAY])

    assert "<script" not in shown
    assert evil in Inputs(shown).boxes("collections")
    told = where_html(Choice(Filter((evil,), ("1",), (evil,)), (evil,)))
    assert "<script" not in told


# What is told


def test_a_choice_is_told_in_words() -> None:
    where = Filter(("news", "wire"), ("1", "2", "3", "4"), ("sea", "ice"), "2024-03-12", "2025")

    told = re.sub(r"<[^>]+>", "", where_html(Choice(where, ("A", "B", "C", "D"))))

    assert told == (
        "Searched only in: collections “news” or “wire”; tags “sea” and “ice”; "
        "“A”, “B”, “C” and 1 more; since 12 March 2024; until 2025"
    )
    assert where_html(Choice()) == ""
