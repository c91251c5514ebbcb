"""Which tuning is chosen, and what is in force."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rag import calibration, machine, tuning
from rag.calibration import Calibration, Calibrations
from rag.manifest import ModelEntry, ModelFile
from rag.sections import ModelSection
from rag.tuning import Speed, Tuning, calibrated, candidates, chosen, in_force

START = Tuning(4, 512, False)
FLASH = replace(START, flash_attention=True)
HALF = replace(START, threads=2)


def speeds(*factors: float) -> list[Speed]:
    return [Speed(100 * each, 10 * each) for each in factors]


def test_a_change_must_be_worth_more_than_noise() -> None:
    assert chosen(START, {START: speeds(1, 1, 1), FLASH: speeds(1.2, 1.1, 1.3)}) == FLASH
    assert chosen(START, {START: speeds(1, 1, 1), FLASH: speeds(1.04, 1.04, 1.04)}) == START
    assert chosen(START, {START: speeds(1, 1, 1), FLASH: speeds(1.5, 1.5, 0.99)}) == START
    # What the same tuning differs by from run to run, another must beat.
    assert chosen(START, {START: speeds(1, 0.7, 1), FLASH: speeds(1.3, 0.8, 1.3)}) == START
    assert chosen(START, {START: speeds(1, 0.9, 1), FLASH: speeds(1.3, 1.2, 1.3)}) == FLASH
    both = {START: speeds(1, 1, 1), HALF: speeds(1.1, 1.1, 1.1), FLASH: speeds(1.2, 1.2, 1.2)}
    assert chosen(START, both) == FLASH
    assert chosen(START, {HALF: speeds(2)}) == START


def test_an_answer_takes_reading_and_writing() -> None:
    found = Speed(read=70.0, write=10.0)
    assert found.first_word_s == pytest.approx(5.0)
    assert found.finished_s == pytest.approx(9.0)
    assert found.scaled(0.5).finished_s == pytest.approx(18.0)


def test_candidates_change_one_thing_each() -> None:
    threads, flash, batch = candidates(START, 4, 2, 384)
    assert [each.threads for each in threads] == [3, 2]
    assert flash == [FLASH]
    assert [each.ubatch for each in batch] == [64, 128, 256]
    assert [each.ubatch for each in candidates(START, 4, 2, 200)[2]] == [64, 128]
    assert candidates(START, 4, 2, 60)[2] == [], "all of it is read at once anyway"
    assert candidates(replace(START, threads=1), 1, 1, 384)[0] == []
    assert [each.threads for each in candidates(START, 2, None, 384)[0]] == [1]


class Machine:
    """Runs as fast as it is told; counts the runs."""

    def __init__(self, pace: Callable[[Tuning], float]) -> None:
        self.pace = pace
        self.ran: list[Tuning] = []

    def __call__(self, each: Tuning) -> Speed:
        self.ran.append(each)
        return speeds(self.pace(each))[0]


def test_what_one_stage_chose_holds_in_the_next() -> None:
    def pace(each: Tuning) -> float:
        return (1.3 if each.flash_attention else 1) * (1.2 if each.threads == 2 else 1)

    run = Machine(pace)
    found = calibrated(START, candidates(START, 4, 2, 384), run)
    assert found.best == Tuning(2, 512, True)
    assert found.gain == pytest.approx(1.3 * 1.2)
    assert not found.over
    assert Tuning(2, 256, True) in found.runs


def test_what_is_hopeless_is_run_once() -> None:
    run = Machine(lambda each: 1.0 if each == START else 0.5)
    found = calibrated(START, candidates(START, 4, 2, 384), run)
    assert (found.best, found.gain) == (START, 1.0)
    assert all(run.ran.count(each) == 1 for each in run.ran if each != START)
    assert run.ran.count(START) == 3, "once beside the rivals of each stage"


def test_when_time_is_up_the_last_choice_holds() -> None:
    run = Machine(lambda each: 2.0 if each.flash_attention else 1.0)
    found = calibrated(START, [[FLASH]], run, over=lambda: len(run.ran) >= 4)
    assert (found.best, found.over) == (START, True)
    assert run.ran == [START, FLASH, FLASH, START], "to and fro"
    assert not calibrated(START, [[FLASH]], run, over=lambda: True).runs


def test_settings_win_then_what_was_measured_then_the_default() -> None:
    measured = Tuning(2, 256, True)
    automatic = ModelSection()
    held = in_force(automatic, {}, START, None)
    assert (held.tuning, set(held.why.values())) == (START, {"default"})
    held = in_force(automatic, {}, START, measured, "2026-11-22")
    assert (held.tuning, set(held.why.values())) == (measured, {"calibrated on 2026-11-22"})
    explicit = ModelSection(threads=3, flash_attention="off")
    held = in_force(explicit, {"model.threads": "REFDESK_MODEL_THREADS"}, START, measured, "x")
    assert held.tuning == Tuning(3, 256, False)
    assert held.why["threads"] == "set: REFDESK_MODEL_THREADS"
    assert held.why["ubatch"] == "calibrated on x"


@pytest.fixture
def kept(tmp_path: Path) -> Calibrations:
    return Calibrations(tmp_path / "home" / "calibration.json")


MODEL = ModelEntry(
    "tiny", "generator", "qwen2.5", (ModelFile("tiny.gguf", 1, "a" * 64),), "MIT", 512
)
FOUND = Calibration("2026-11-22", Tuning(2, 256, True), Speed(70.5, 10.25))


def test_a_calibration_is_found_for_its_machine_build_and_model_only(kept: Calibrations) -> None:
    here = machine.look()
    held = calibration.key(here, MODEL, -1)
    assert kept.find(held) is None
    kept.keep(held, FOUND)
    assert kept.find(held) == FOUND
    assert kept.find(calibration.key(here, MODEL, 0)) is None
    assert kept.find(calibration.key(replace(here, cores=99), MODEL, -1)) is None
    assert kept.find({**held, "llama": "another build"}) is None

    kept.keep(calibration.key(here, MODEL, 0), replace(FOUND, day="2026-11-23"))
    kept.keep(held, replace(FOUND, day="2026-11-24"))
    again = kept.find(held)
    assert again is not None
    assert again.day == "2026-11-24"
    assert len(json.loads(kept.path.read_text())) == 2
    assert [each.name for each in kept.path.parent.iterdir()] == ["calibration.json"]


def row(speed: object = 1, **values: object) -> str:
    whole = {"threads": 2, "ubatch": 1, "flash_attention": True}
    held = {"for": {}, "day": "x", "tuning": whole | values, "speed": {"read": speed, "write": 1}}
    return json.dumps([held])


@pytest.mark.parametrize(
    "text",
    [
        *("", "[", "{}", "[1]", "null"),
        *(row(threads=0), row(flash_attention=1), row("fast"), row(0), row(more=1)),
    ],
)
def test_a_damaged_file_is_as_good_as_none_and_is_told(kept: Calibrations, text: str) -> None:
    assert not kept.damaged()
    kept.path.parent.mkdir()
    kept.path.write_text(text)
    assert kept.find({}) is None
    assert kept.damaged()
    kept.keep({"a": 1}, FOUND)
    assert kept.find({"a": 1}) == FOUND
    assert not kept.damaged()


def test_the_default_uses_all_cores_and_reads_more_at_once_on_a_card() -> None:
    assert tuning.default(6) == Tuning(6, 64, True)
    assert tuning.default(6, card=True) == Tuning(6, 512, True)
