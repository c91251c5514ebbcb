"""Pages of which most is links."""

from __future__ import annotations

import pytest

from index.formats import from_html

QUAY = (
    "<h1>The quay</h1><p>The harbour board of Varn met in March and decided to raise the lower quay"
    " by forty centimetres.</p><p>The work begins in May, costs nine million crowns and is to end"
    " before the storms of the next winter.</p>"
)
LINKS = [f'<a href="/{n}">Story {n} of the day</a>' for n in range(400)]


@pytest.mark.parametrize(
    "wall",
    [
        "<nav><ul>" + "".join(f"<li>{each}</li>" for each in LINKS) + "</ul></nav>",
        "<div>" + "<br>".join(LINKS) + "</div>",
        " | ".join(LINKS),
        "<table>" + "".join(f"<tr><td>{each}</td></tr>" for each in LINKS) + "</table>",
    ],
    ids=["list", "lines", "bar", "table"],
)
def test_hundreds_of_links_in_a_row_are_no_article(wall: str) -> None:
    text = from_html(f"<html><body>{wall}{QUAY}</body></html>").text

    assert "raise the lower quay" in text
    assert "before the storms" in text
    assert "of the day" not in text


def test_links_in_sentences_stay() -> None:
    said = "".join(f"<p>On day {n} it was told at length in {each}.</p>" for n, each in
                   enumerate(LINKS))  # fmt: skip
    text = from_html(f"<html><body>{said}{QUAY}</body></html>").text

    assert "Story 7 of the day" in text
    assert "Story 399 of the day" in text


def test_a_page_that_is_nothing_but_links_stays() -> None:
    text = from_html(f"<html><body><h1>All stories</h1>{'<br>'.join(LINKS)}</body></html>").text

    assert "Story 7 of the day" in text


def test_few_links_are_left_to_the_extractor() -> None:
    text = from_html(f"<html><body>{QUAY}<p>{', '.join(LINKS[:30])}</p></body></html>").text

    assert "before the storms" in text
