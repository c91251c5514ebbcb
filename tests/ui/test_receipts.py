"""`refdesk receipt`, `refdesk replay` and `refdesk cost`, over receipts of a scripted model."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from index.library import Library
from rag.build import Parts
from rag.keeping import Keeper
from rag.ledger import Ledger, Row
from rag.types import Finished, Question
from tests.fakes import HashEmbedder
from tests.rag.test_receipts import ARTICLE, COST, MADE_WITH, SAID, engine, keeper
from ui.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REFDESK_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*argv: object) -> tuple[int, str, str]:
        code = main([str(each) for each in argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def key(home: Path) -> str:
    """The id of an answer whose receipt is kept."""
    (home / "northwind.txt").write_text(ARTICLE, encoding="utf-8")
    library = Library(home / "library", HashEmbedder())
    library.add([home / "northwind.txt"])
    made: Keeper = keeper(home)
    *_, last = made.kept(Question(COST), engine(library, SAID).ask)
    assert isinstance(last, Finished)
    return last.answer.id


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the model says next, in the parts that a replay makes."""
    says: list[str] = []
    monkeypatch.setattr(Parts, "engine_over", lambda self, searcher: engine(searcher, *says[:1]))
    monkeypatch.setattr(Parts, "circumstances", lambda self: MADE_WITH)
    return says


def test_a_receipt_is_shown_and_listed(run: Run, key: str) -> None:
    code, out, _ = run("receipt", key)
    assert code == 0
    for told in (COST, SAID, "The plant cost $42 million.", "supported", "no seed", "sha256"):
        assert told in out
    assert json.loads(run("receipt", key, "--json")[1])["id"] == key
    code, out, _ = run("receipt")
    assert (code, out.split()[0]) == (0, key)
    assert COST in out
    assert json.loads(run("receipt", "--json")[1])[0]["question"] == COST


def test_all_receipts_are_removed(run: Run, key: str) -> None:
    assert run("receipt", "--clear")[:2] == (0, "1 receipt removed.\n")
    assert run("receipt")[2] == "No receipt is kept.\n"
    code, _, err = run("receipt", key)
    assert code == 1
    assert "There is no receipt" in err
    assert run("receipt", key, "--clear")[0] == 2


def test_a_changed_receipt_is_told_and_not_replayed(run: Run, key: str, tmp_path: Path) -> None:
    held: dict[str, Any] = json.loads(run("receipt", key, "--json")[1])
    held["answer"]["text"] = "The plant cost nothing."
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(held))
    for command in ("receipt", "replay"):
        code, out, err = run(command, file)
        assert code == 1
        assert "was changed or damaged" in err
    assert out == ""


def test_a_replay_says_that_it_is_the_same(
    run: Run, key: str, scripted: list[str], tmp_path: Path
) -> None:
    scripted.append(SAID)
    assert run("replay", key)[:2] == (0, "The answer is the same, bit for bit.\n")
    file = tmp_path / "given.json"
    file.write_text(run("receipt", key, "--json")[1])
    code, out, _ = run("replay", file, "--json")
    assert (code, json.loads(out)) == (0, {"id": key, "same": True, "differences": []})


def test_a_replay_says_what_differs(run: Run, key: str, scripted: list[str]) -> None:
    scripted.append("The plant cost $43 million. [1]")
    code, out, _ = run("replay", key)
    assert code == 1
    assert "calls[0].text, from character 17: then '2 million" in out
    assert out.endswith("The answer is not the same.\n")


def test_what_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    assert run("replay", tmp_path / "none.json")[0] == 1
    assert "cannot be read" in run("receipt", tmp_path / "none.json")[2]


# Costs


def test_costs_of_a_period_beside_hosted_prices(run: Run, home: Path) -> None:
    ledger = Ledger(home / "costs.jsonl")
    for day in ("2026-05-01", "2026-05-02", "2026-07-01"):
        ledger.add(Row(f"{day}T12:00:00Z", "m", "answered", 300_000, 40_000, 6.0, 3.6e6, False))
    (home / "refdesk.toml").write_text("[cost]\ntariff = 0.3\ncurrency = 'NOK'\n")
    (home / "prices.csv").write_text("name,input,output,currency\nLarge,3,15,USD\n")
    period = ("--since", "2026-05-01", "--until", "2026-05-31")
    code, out, _ = run("cost", *period, "--prices", home / "prices.csv")
    assert code == 0
    assert "2 questions (2 answered, 0 refused, 0 stopped)" in out
    assert "2 kWh, an estimate: busy cores, at cost.watts_per_core" in out
    assert "0.6000 NOK for energy" in out
    assert "Large  3.00 USD" in out
    told = json.loads(run("cost", *period, "--json")[1])
    assert (told["questions"], told["money"], told["hosted"]) == (2, pytest.approx(0.6), [])


def test_a_service_of_the_settings_and_no_tariff(run: Run, home: Path) -> None:
    now = dt.datetime.now(dt.UTC).isoformat()
    Ledger(home / "costs.jsonl").add(Row(now, "m", "refused", 1_000_000, 0, 2.0, 90.0, True))
    (home / "refdesk.toml").write_text("[cost]\nservice = 'Large'\nservice_input = 2.5\n")
    code, out, _ = run("cost")
    assert code == 0
    assert "0.025 Wh, measured by the processor" in out
    assert "set cost.tariff" in out
    assert "Large  2.50 EUR" in out


def test_damaged_lines_and_wrong_days_are_told(run: Run, home: Path) -> None:
    (home / "costs.jsonl").write_text("{}\n")
    assert "1 line of the ledger cannot be read" in run("cost")[2]
    assert run("cost", "--since", "May")[0] == 2
    assert run("cost", "--since", "2026-05-02", "--until", "2026-05-01")[0] == 2
