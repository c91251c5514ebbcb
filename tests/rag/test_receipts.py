"""Receipts of a scripted model's answers: written, kept, told from changed ones, replayed."""

from __future__ import annotations

import copy
import datetime as dt
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from index.errors import NotFoundError, ReceiptError
from index.library import Library
from index.types import Filter
from rag import receipt, replay
from rag.energy import Meter
from rag.engine import Engine, Policy
from rag.given import Given
from rag.keeping import Keeper
from rag.ledger import Ledger
from rag.prompt import FAMILIES
from rag.receipts import Receipts, new_id
from rag.types import Answer, Event, Finished, Question, Status, Turn
from tests.fakes import HashEmbedder, ScriptedLLM, library_of

ARTICLE = """\
Northwind opens a plant

Northwind opened its second plant in Bergen in May. The plant cost $42 million.

The company will not raise its prices this year, its chief executive said.
"""
COST = "What did the plant cost?"
SAID = "The plant cost $42 million. [1]"
MADE_WITH = {
    "refdesk": {"version": "1", "code": "aa"},
    "system": "here",
    "model": {"name": "scripted", "sha256": "0" * 64},
    "llama": {"version": "0", "threads": 2},
    "embedder": {"name": "hash"},
    "reranker": None,
    "library": {"revision": 7},
    "settings": {"answer.max_tokens": 160, "model.draft": 4, "retrieval.words": "auto"},
}


class Joule:
    """One more with each look."""

    measured = False

    def __init__(self) -> None:
        self.now = 0.0

    def joules(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return library_of(tmp_path, "northwind.txt", ARTICLE)


def engine(library: Any, *answers: str, **of_llm: float) -> Engine:
    llm = ScriptedLLM(*answers, **of_llm)  # type: ignore[arg-type]
    return Engine(
        library, HashEmbedder(), lambda: llm, FAMILIES["qwen2.5"], Policy(), model="scripted"
    )


def keeper(folder: Path, *, most: int = 10, keep: bool = True) -> Keeper:
    return Keeper(
        Receipts(folder / "receipts", most) if keep else None,
        Ledger(folder / "costs.jsonl"),
        Meter(Joule()),
        lambda: MADE_WITH,
        model="scripted",
        tariff=0.36,
        currency="NOK",
    )


def kept(folder: Path, asked: Question, ask: Callable[[Question], Iterator[Event]]) -> Answer:
    *_, last = keeper(folder).kept(asked, ask)
    assert isinstance(last, Finished)
    return last.answer


def held(folder: Path, key: str) -> dict[str, Any]:
    return receipt.opened(Receipts(folder / "receipts", 10).find(key), key)


@pytest.fixture
def written(tmp_path: Path, library: Library) -> dict[str, Any]:
    """The receipt of an answered question, as its file has it."""
    answer = kept(tmp_path, Question(COST), engine(library, SAID).ask)
    return held(tmp_path, answer.id)


def again(written: dict[str, Any], *answers: str, **of_llm: float) -> list[replay.Difference]:
    made = engine(Given([], HashEmbedder()), *answers, **of_llm)
    return replay.replayed(written, made, lambda: MADE_WITH)


def changed(written: dict[str, Any], *path: Any, to: Any) -> dict[str, Any]:
    """A receipt with another value somewhere, sealed anew: an honest one of another answer."""
    other = copy.deepcopy(written)
    place: Any = other
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return receipt.sealed(other)


# What is written


def test_a_receipt_holds_what_went_in_and_what_came_out(written: dict[str, Any]) -> None:
    assert written["question"]["typed"] == written["question"]["understood"] == COST
    assert written["question"]["day"] == dt.datetime.now().astimezone().date().isoformat()
    (passage,) = written["passages"]
    assert "The plant cost $42 million." in passage["text"]
    assert passage["sha256"] == receipt.text_digest(passage["text"])
    (call,) = written["calls"]
    assert call["text"] == SAID
    assert call["ended"]
    assert [part["template"] for part in call["prompt"]] == [True, False, False, True]
    assert f"Question: {COST}" in call["prompt"][2]["text"]
    assert [check["probability"] for check in call["checks"]] == [0.99, pytest.approx(0.01)]
    assert written["decoding"] == {"method": "greedy", "seed": None}
    assert written["answer"]["claims"][0]["citations"][0]["quote"] == "The plant cost $42 million."
    assert written["cost"]["currency"] == "NOK"
    assert written["circumstances"] == MADE_WITH
    assert receipt.faults(written) == []


def test_turns_are_kept_only_where_they_changed_the_question(
    tmp_path: Path, library: Library
) -> None:
    before = (Turn("Where did Northwind open its second plant?", "Northwind opened it in Bergen."),)
    said = "Northwind will not raise its prices this year. [1]"
    changed = kept(tmp_path, Question("Will it raise prices?", before), engine(library, said).ask)
    alone = kept(tmp_path, Question(COST, before), engine(library, SAID).ask)
    assert held(tmp_path, changed.id)["question"]["history"][0]["question"] == before[0].question
    assert held(tmp_path, alone.id)["question"]["history"] == []


def test_limits_day_and_choices_are_read_back_as_they_were(
    tmp_path: Path, library: Library
) -> None:
    asked = Question(
        COST, where=Filter(documents=("northwind.txt",)), form="short", asked=dt.date(2026, 5, 4)
    )
    answer = kept(tmp_path, asked, engine(library, "$42 million").ask)
    read = receipt.read(held(tmp_path, answer.id))
    assert read.question == asked
    assert read.passages == answer.sources
    assert read.reached_model


def test_a_name_that_no_file_can_hold_breaks_no_seal(written: dict[str, Any]) -> None:
    other = changed(written, "passages", 0, "document", to="/x/\udcff.txt")
    assert receipt.faults(json.loads(json.dumps(other))) == []


# Told from changed ones


def test_what_was_changed_is_told(written: dict[str, Any]) -> None:
    written["passages"][0]["text"] = "The plant cost $1."
    told = receipt.faults(written)
    assert "it was changed or damaged" in told[0]
    assert "passage 1" in told[1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a receipt of Refdesk"),
        (b'{"format": 99, "sha256": ""}', "format 99; this Refdesk reads format 1"),
    ],
)
def test_what_is_no_receipt_is_told(data: bytes, message: str) -> None:
    with pytest.raises(ReceiptError, match=message):
        receipt.opened(data, "file.json")


def test_a_receipt_without_its_question_is_told(written: dict[str, Any]) -> None:
    del written["question"]["form"]
    with pytest.raises(ReceiptError, match="form"):
        receipt.read(written)


# Kept


def test_the_oldest_go_and_all_can_be_removed(tmp_path: Path, written: dict[str, Any]) -> None:
    store = Receipts(tmp_path / "some", 3)
    keys = [new_id() for _ in range(5)]
    for n, key in enumerate(keys):
        store.keep({**written, "id": key, "at": f"2026-05-01T12:00:0{n}.000Z"})
    listed = [each["id"] for each in store.latest(10) if isinstance(each, dict)]
    assert listed == keys[:1:-1]
    with pytest.raises(NotFoundError, match=keys[0]):
        store.find(keys[0])
    (tmp_path / "some" / "2027-x.json").write_text("{")
    assert "not JSON" in str(store.latest(1)[0])
    assert store.clear() == 4
    assert list((tmp_path / "some").iterdir()) == []


def test_receipts_are_their_owners_alone(tmp_path: Path, written: dict[str, Any]) -> None:
    folder = tmp_path / "receipts"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("key", ["", "../costs", "*", "k7m2q9xd4", "K7M2Q9XD4P"])
def test_a_name_that_is_no_id_finds_nothing(
    tmp_path: Path, written: dict[str, Any], key: str
) -> None:
    with pytest.raises(NotFoundError):
        Receipts(tmp_path / "receipts", 10).find(key)


def test_what_it_took_is_counted_where_no_receipt_is_kept(tmp_path: Path, library: Library) -> None:
    *_, last = keeper(tmp_path, keep=False).kept(Question(COST), engine(library, SAID).ask)
    assert isinstance(last, Finished)
    assert last.answer.id == ""
    assert last.answer.cost is not None
    assert last.answer.cost.money == pytest.approx(last.answer.cost.joules / 3.6e6 * 0.36)
    (row,), _ = Ledger(tmp_path / "costs.jsonl").rows()
    assert (row.end, row.answer_tokens) == ("answered", 6)
    assert COST not in (tmp_path / "costs.jsonl").read_text()
    assert not (tmp_path / "receipts").exists()


def test_refused_and_stopped_questions_are_counted_too(tmp_path: Path, library: Library) -> None:
    kept(tmp_path, Question("Who designed it?"), engine(library, "", judgement=0.01).ask)
    events = keeper(tmp_path).kept(Question(COST), engine(library, SAID).ask)
    assert isinstance(next(events), Status)
    events.close()  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="empty"):
        list(keeper(tmp_path).kept(Question(" "), engine(library).ask))
    rows, _ = Ledger(tmp_path / "costs.jsonl").rows()
    assert [row.end for row in rows] == ["refused", "stopped"]


def test_an_answer_is_not_lost_where_its_receipt_cannot_be_written(
    tmp_path: Path, library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "receipts").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        answer = kept(tmp_path, Question(COST), engine(library, SAID).ask)
    assert answer.text == SAID
    assert answer.id == ""
    assert "cannot be written" in caplog.text


# Replayed


def test_the_same_model_gives_the_same_answer_without_the_library(written: dict[str, Any]) -> None:
    assert again(written, SAID) == []


def test_a_refusal_before_the_model_is_replayed_without_it(
    tmp_path: Path, library: Library
) -> None:
    asked = Question(COST, where=Filter(date_from="2030"))
    answer = kept(tmp_path, asked, engine(library).ask)
    assert again(held(tmp_path, answer.id)) == []


def test_other_words_are_told_where_they_begin(written: dict[str, Any]) -> None:
    found = {each.where: each for each in again(written, "The plant cost $43 million. [1]")}
    told = found["calls[0].text, from character 17"]
    assert told.then.startswith("'2 million")
    assert told.now.startswith("'3 million")
    assert told.said


def test_another_probability_is_told(written: dict[str, Any]) -> None:
    found = again(written, SAID, judgement=0.98)
    assert ("calls[0].checks[0].probability", "0.99", "0.98") in {
        (each.where, each.then, each.now) for each in found
    }


def test_another_token_is_told_by_its_place(written: dict[str, Any]) -> None:
    then = changed(written, "calls", 0, "tokens", to=[5, 6, 7])
    now = changed(written, "calls", 0, "tokens", to=[5, 9, 8])
    assert list(replay.differences(then["calls"], now["calls"], "calls")) == [
        ("calls[0].tokens[1]", "6", "9")
    ]


def test_what_it_was_made_with_is_told_apart_from_what_was_said(written: dict[str, Any]) -> None:
    other = changed(written, "circumstances", "model", "sha256", to="1" * 64)
    (found,) = again(other, SAID)
    assert found.where.startswith("model.sha256")
    assert not found.said


def test_a_replay_takes_the_settings_and_threads_of_then(written: dict[str, Any]) -> None:
    known = {"answer.max_tokens": 160, "model.draft": 4, "retrieval.words": "auto"}
    assert replay.overrides(written, known) == {
        "answer.max_tokens": 160,
        "model.draft": 4,
        "model.threads": 2,
    }
    assert replay.overrides(written, {}) == {"model.threads": 2}
    llama = written["circumstances"]["llama"]
    llama |= {"ubatch": 128, "flash_attention": False}
    assert replay.overrides(written, {}) == {
        "model.threads": 2,
        "model.batch": 128,
        "model.flash_attention": "off",
    }
