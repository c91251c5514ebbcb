"""Tables of plain text: which blocks are one, and what their rows say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.columns import told
from index.kinds import opened

RULED = """\
TYPES

  Type     Movement   Gaps
           (mm)
  --------------------------
  KJ-80       80        1
  KJ-160     160        2
  --------------------------

Made in Voss.
"""


def test_rows_say_what_their_columns_are() -> None:
    text = "Ward     Doses   Missed\nAlder    4,120       74\nLarch    5,010      120\n"
    assert told(text) == (
        "Ward: Alder; Doses: 4,120; Missed: 74.\nWard: Larch; Doses: 5,010; Missed: 120.\n"
    )


def test_headers_stand_above_a_rule_in_as_many_lines_as_they_take() -> None:
    assert told(RULED) == (
        "TYPES\n\nType: KJ-80; Movement (mm): 80; Gaps: 1.\n"
        "Type: KJ-160; Movement (mm): 160; Gaps: 2.\n\nMade in Voss.\n"
    )


def test_a_rule_may_stand_above_a_sum() -> None:
    text = (
        "Item        Budget   Spent\n"
        "Staff       96,000   88,450\n"
        "Travel       6,500    5,230\n"
        "---------------------------\n"
        "Total      102,500   93,680\n"
    )
    assert told(text).splitlines()[0] == "Item: Staff; Budget: 96,000; Spent: 88,450."
    assert told(text).splitlines()[-1] == "Item: Total; Budget: 102,500; Spent: 93,680."


def test_a_cell_goes_on_in_the_next_line() -> None:
    text = (
        "Code  Meaning        What to do\n"
        "E03   Line blocked   Open the clamp. Let the\n"
        "                     pressure out.\n"
        "E07   Not held       Fit it again.\n"
    )
    assert told(text).splitlines() == [
        "Code: E03; Meaning: Line blocked; What to do: Open the clamp. Let the pressure out.",
        "Code: E07; Meaning: Not held; What to do: Fit it again.",
    ]


def test_a_caption_may_stand_across_the_columns() -> None:
    text = (
        "6  FAULTS\n"
        "Code  Meaning          Remedy\n"
        "E1    Guard open       Close it\n"
        "E3    Motor too hot    Wait\n"
        "E4    Not locked       Lock it\n"
    )
    assert told(text).splitlines()[:2] == [
        "6  FAULTS",
        "Code: E1; Meaning: Guard open; Remedy: Close it.",
    ]


def test_rows_without_headers_say_their_cells() -> None:
    text = (
        "RT   amend the plan     by 27 June\n"
        "GP   take the sensors   by May\n"
        "PL   wait               till July\n"
    )
    assert told(text).splitlines()[1] == "GP; take the sensors; by May."


@pytest.mark.parametrize(
    "text",
    [
        "A sentence ends.  Another begins.\nIt goes on.  Here too.\nAnd here.  And there it ends.",
        "Seat: Voss     Hearing: 7 October     Award: 16 December",
        "Seals     EPDM rubber\nSprings   Chloroprene\nPlates    Steel",  # names and values
        "COURIER   News  Sport\nShare 318   Comments 57   Save",
        "  An indented paragraph\n  of three lines\n  and no columns.",
        "",
        "\n\n",
    ],
)
def test_what_is_no_table_stays_as_it_is(text: str) -> None:
    assert told(text) == text


def test_long_lines_cost_no_time() -> None:
    # Columns are looked for in each character of a line, in as many lines as stand together.
    text = "\n".join(["a" + " " * 100_000 + "b  c"] * 200)
    assert told(text) == text


@given(st.text(alphabet=" ab1-\n\t.", max_size=200))
def test_no_word_is_lost(text: str) -> None:
    def letters(of: str) -> list[str]:
        return sorted(each for each in of if each in "ab1")

    # A header may be told in several rows, so there may be more of them.
    assert set(letters(text)) == set(letters(told(text)))
    assert len(letters(told(text))) >= len(letters(text)) or "--" in text


def test_a_text_file_is_read_so() -> None:
    (member,) = opened(RULED.encode(), "data.txt", 1_000)
    document, _ = member.parse()
    assert "Type: KJ-160; Movement (mm): 160; Gaps: 2." in document.text
