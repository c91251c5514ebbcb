"""Joules: counters in a made-up folder, and how they are divided."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.energy import Estimate, Meter, Rapl, counter


def zone(folder: Path, name: str, kind: str, energy_uj: int, most: int = 1_000_000_000) -> Path:
    made = folder / name
    made.mkdir(parents=True)
    (made / "name").write_text(f"{kind}\n")
    (made / "energy_uj").write_text(f"{energy_uj}\n")
    (made / "max_energy_range_uj").write_text(f"{most}\n")
    return made / "energy_uj"


def test_packages_are_added_up_and_their_parts_are_not(tmp_path: Path) -> None:
    first = zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    second = zone(tmp_path, "intel-rapl:1", "package-1", 7_000_000)
    core = zone(tmp_path, "intel-rapl:0:0", "core", 0)
    board = zone(tmp_path, "intel-rapl:2", "psys", 0)
    mirror = zone(tmp_path, "intel-rapl-mmio:0", "package-0", 0)
    rapl = Rapl(tmp_path)
    assert rapl.joules() == 0
    first.write_text("6500000\n")
    second.write_text("9000000\n")
    for other in (core, board, mirror):
        other.write_text("900000000\n")
    assert rapl.joules() == pytest.approx(1.5 + 2.0)
    assert rapl.measured


def test_a_counter_that_begins_anew_is_followed(tmp_path: Path) -> None:
    file = zone(tmp_path, "intel-rapl:0", "package-0", 9_000_000, most=10_000_000)
    rapl = Rapl(tmp_path)
    file.write_text("500000\n")
    assert rapl.joules() == pytest.approx(1.5)
    file.write_text("2500000\n")
    assert rapl.joules() == pytest.approx(3.5)


def test_a_counter_that_can_be_read_no_more_ends_no_answer(tmp_path: Path) -> None:
    file = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    rapl = Rapl(tmp_path)
    file.write_text("1000000\n")
    assert rapl.joules() == 1.0
    file.unlink()
    assert rapl.joules() == 1.0


def test_where_nothing_can_be_read_it_is_an_estimate(tmp_path: Path) -> None:
    empty = counter(8.0, tmp_path)
    assert not empty.measured
    zone(tmp_path, "intel-rapl:0", "package-0", 0).write_text("no number")
    assert not counter(8.0, tmp_path).measured
    assert Estimate(8.0, lambda: 2.5).joules() == 20.0


class Steps:
    """Counts as far as it is told to."""

    measured = True

    def __init__(self) -> None:
        self.now = 0.0

    def joules(self) -> float:
        return self.now


def test_what_is_counted_is_divided_among_the_answers_under_way() -> None:
    steps = Steps()
    meter = Meter(steps)
    steps.now = 100.0  # before any answer: nobody's
    first = meter.begin()
    steps.now = 110.0
    second = meter.begin()
    steps.now = 130.0
    assert meter.end(first) == pytest.approx(10 + 10)
    steps.now = 135.0
    assert meter.end(second) == pytest.approx(10 + 5)
    steps.now = 200.0
    assert meter.end(meter.begin()) == 0.0
