from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import StorageError, UsageError
from rag import trial
from rag.answers import Asked
from rag.types import Answer, Citation, Claim, Event, Finished, Source, Status, Timings

SOURCE = Source(1, "/d/0.md", 1, "The mill", None, None, 0, 10, "It grinds.", 1.0)
CITED = Claim(
    "It grinds.", True, 0.9,
    (Citation(1, "/d/0.md", 1, "The mill", None, None, 0, 10, "It grinds."),),
)  # fmt: skip
QUESTIONS = [Asked(name, f"What about {name}?", ("It grinds",)) for name in ("a", "b", "c")]


def answer(text: str = "It grinds. [1]", **other: object) -> Answer:
    values = {
        "question": "?", "text": text, "refused": False, "claims": (CITED,), "sources": (SOURCE,),
        "timings": Timings(0.1, 1.5, 2.5, 300, 12), "model": "m", "embedder": "e",
    }  # fmt: skip
    return Answer(**{**values, **other})  # type: ignore[arg-type]


class Engine:
    """Answers every question alike, until it is asked `breaks_at`."""

    def __init__(self, breaks_at: str = "") -> None:
        self.breaks_at = breaks_at
        self.asked: list[str] = []

    def __call__(self, asked: Asked) -> Iterator[Event]:
        if asked.id == self.breaks_at:
            raise KeyboardInterrupt
        self.asked.append(asked.id)
        yield Status("Searching")
        yield Finished(answer())


def named(path: str) -> list[str]:
    return ["mill"] if path == "/d/0.md" else []


def test_what_is_kept_of_an_answer(tmp_path: Path) -> None:
    log = tmp_path / "new" / "log.jsonl"
    (first, *_) = trial.run(QUESTIONS, Engine(), named, log)
    assert first.answer == "It grinds."
    assert not first.refused
    assert first.claims[0].citations[0].documents == ("mill",)
    assert first.read[0].text == "It grinds."
    assert (first.first_token_s, first.total_s, first.answer_tokens) == (1.5, 2.5, 12)
    assert trial.kept(log)[0] == first


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with pytest.raises(KeyboardInterrupt):
        trial.run(QUESTIONS, Engine(breaks_at="c"), named, log)
    # It was cut off in the middle of a line.
    log.write_text(log.read_text() + '{"id": "c", "ans')
    engine = Engine()
    told: list[tuple[int, int]] = []
    outcomes = trial.run(
        QUESTIONS[::-1], engine, named, log, lambda done, total: told.append((done, total))
    )
    assert engine.asked == ["c"]
    assert [each.id for each in outcomes] == ["c", "b", "a"]
    assert [json.loads(line)["id"] for line in log.read_text().splitlines()] == ["a", "b", "c"]
    assert told[-1] == (3, 3)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "a"}\n', r"log\.jsonl, line 1 is not an answer of an earlier run"),
        ("nonsense\n", r"log\.jsonl, line 1 cannot be read"),
    ],
)
def test_a_log_that_is_none_is_told(tmp_path: Path, line: str, said: str) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(line)
    with pytest.raises(UsageError, match=said):
        trial.run(QUESTIONS, Engine(), named, log)


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"log\.jsonl cannot be written"):
        trial.run(QUESTIONS, Engine(), named, tmp_path / "file" / "log.jsonl")


@pytest.mark.parametrize(
    ("timings", "claims", "gate"),
    [
        (Timings(0.1, 0.0, 0.1, 0, 0), (), "search"),
        (Timings(0.1, 0.0, 2.0, 300, 0), (), "judgement"),
        (Timings(0.1, 2.0, 2.5, 300, 3), (), "model"),
        (Timings(0.1, 2.0, 2.5, 300, 9), (CITED,), "check"),
    ],
)
def test_where_an_answer_was_refused(
    timings: Timings, claims: tuple[Claim, ...], gate: str
) -> None:
    refused = answer("The articles don't say.", refused=True, timings=timings, claims=claims)
    found = trial.outcome("a", refused, named)
    assert (found.answer, found.gate, found.refused) == ("", gate, True)


def test_the_key_changes_with_settings_and_with_code_that_answers(tmp_path: Path) -> None:
    (tmp_path / "engine.py").write_text("1")
    (tmp_path / "judging.py").write_text("1")
    first = trial.key({"passages": 5}, [tmp_path])
    assert trial.key({"passages": 5}, [tmp_path]) == first
    assert trial.key({"passages": 6}, [tmp_path]) != first
    (tmp_path / "judging.py").write_text("2")
    assert trial.key({"passages": 5}, [tmp_path]) == first
    (tmp_path / "engine.py").write_text("2")
    assert trial.key({"passages": 5}, [tmp_path]) != first


def test_every_judge_is_a_module() -> None:
    here = Path(trial.__file__).parent
    assert {name for name in trial.JUDGES if not (here / f"{name}.py").is_file()} == set()
