"""What answers took: the file, its sums, and price lists."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from index.errors import UsageError
from rag import prices
from rag.ledger import Ledger, Row, joules_cost, summed, tokens_cost
from rag.prices import Price


def row(at: str, end: str = "answered", *, measured: bool = False) -> Row:
    return Row(at, "small", end, 300, 40, 6.5, 7200.0, measured)


def test_rows_of_a_period_are_summed_refusals_too(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "home" / "costs.jsonl")
    assert ledger.rows() == ([], 0)
    for at in ("2026-05-01T12:00:00Z", "2026-05-02T12:00:00Z", "2026-06-02T12:00:00Z"):
        ledger.add(row(at))
    ledger.add(row("2026-05-03T12:00:00Z", "refused", measured=True))
    ledger.add(row("2026-05-03T12:00:01Z", "stopped"))
    rows, damaged = ledger.rows(dt.date(2026, 5, 2), dt.date(2026, 5, 31))
    total = summed(rows)
    assert damaged == 0
    assert (total.answered, total.refused, total.stopped) == (1, 1, 1)
    assert (total.prompt_tokens, total.answer_tokens, total.measured) == (900, 120, 1)
    assert total.kwh == pytest.approx(3 * 7200 / 3.6e6)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "costs.jsonl")
    ledger.add(row("2026-05-01T12:00:00Z"))
    assert (tmp_path / "costs.jsonl").stat().st_mode & 0o777 == 0o600


def test_damaged_lines_are_counted_and_the_rest_is_summed(tmp_path: Path) -> None:
    file = tmp_path / "costs.jsonl"
    ledger = Ledger(file)
    ledger.add(row("2026-05-01T12:00:00Z"))
    with file.open("a") as out:
        out.write('{"at": "yesterday"}\n[]\n{"at": "2026-05-0')
    rows, damaged = ledger.rows()
    assert (len(rows), damaged) == (1, 3)


def test_energy_and_tokens_in_money() -> None:
    assert joules_cost(3.6e6, 0.31) == pytest.approx(0.31)
    assert tokens_cost(2_000_000, 500_000, 3.0, 10.0) == pytest.approx(11.0)


def test_a_price_list_in_either_format(tmp_path: Path) -> None:
    toml = tmp_path / "list.toml"
    toml.write_text('[[service]]\nname = "Large"\ninput = 3\noutput = 15.5\ncurrency = "USD"\n')
    table = tmp_path / "list.csv"
    table.write_text("name,input,output\nLarge,3,15.5\nSmall,0.2,0.8\n")
    assert prices.load(toml, "EUR") == [Price("Large", 3.0, 15.5, "USD")]
    assert prices.load(table, "EUR") == [
        Price("Large", 3.0, 15.5, "EUR"),
        Price("Small", 0.2, 0.8, "EUR"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", '[[service]]\nname = "L"\ninput = 3\n', "L: output = None is not a price"),
        ("a.csv", "name,input,output\nL,3,dear\n", "L: output = 'dear' is not a price"),
        ("a.csv", "name,input,output\nL,3,-1\n", "output = '-1' is not a price"),
        ("a.csv", "name,input,output\nL,nan,1\n", "input = 'nan' is not a price"),
        ("a.csv", "name,input,output\n,3,1\n", "service 1: it needs a name"),
        ("a.csv", "name,input,output\n", "names no service"),
        ("a.toml", "service = 3", "service 1: it needs a name"),
        ("a.toml", "[[service", "not valid TOML"),
        ("a.txt", "", "must end in .toml or .csv"),
    ],
)
def test_what_is_wrong_in_a_price_list_is_named(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        prices.load(tmp_path / name, "EUR")


def test_a_price_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        prices.load(tmp_path / "none.csv", "EUR")
