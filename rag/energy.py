"""The energy that answers take: measured by the processor where it may be read, else estimated.

Intel's and AMD's processors count the energy of each package (RAPL), and Linux shows the counters
below `/sys/class/powercap`, by default to its administrator only. What a package takes is taken by
all that runs on it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["POWERCAP", "Estimate", "Meter", "Rapl", "counter"]

POWERCAP = Path("/sys/class/powercap")


class Counter(Protocol):
    """Counts energy. measured: it is read from the processor."""

    measured: bool

    def joules(self) -> float:
        """Since some moment in the past; never less than before."""
        ...


@dataclass(slots=True)
class _Package:
    """A processor's counter, in microjoules; it begins anew at 0 behind `most`."""

    file: Path
    most: int
    last: int


class Rapl:
    """The counters of all processor packages together. Safe to use from several threads.

    A counter that began anew more than once between two looks (an hour, at the least) is told by
    nothing, and what it had counted is missing.
    """

    measured = True

    def __init__(self, folder: Path = POWERCAP) -> None:
        """folder: where Linux shows its power zones. Raises OSError where none can be read."""
        self._lock = threading.Lock()
        self._joules = 0.0
        self._packages = [
            _Package(
                zone / "energy_uj",
                int((zone / "max_energy_range_uj").read_text()),
                int((zone / "energy_uj").read_text()),
            )
            # One colon: the zones within a package are part of it. "psys" is the whole machine,
            # packages included.
            for zone in sorted(folder.glob("intel-rapl:*"))
            if zone.name.count(":") == 1 and (zone / "name").read_text().startswith("package")
        ]
        if not self._packages:
            raise FileNotFoundError(f"no package counts its energy in {folder}")

    def joules(self) -> float:
        with self._lock:
            for each in self._packages:
                try:
                    now = int(each.file.read_text())
                except OSError:
                    continue  # no reason for an answer to fail: what it counts is missing
                gone = now - each.last
                each.last = now
                self._joules += (gone if gone >= 0 else gone + each.most) / 1e6
            return self._joules


class Estimate:
    """Seconds of work of our threads, times what a busy core is said to take."""

    measured = False

    def __init__(self, watts_per_core: float, busy_s: Callable[[], float]) -> None:
        """busy_s: core seconds so far"""
        self._watts = watts_per_core
        self._busy_s = busy_s

    def joules(self) -> float:
        return self._watts * self._busy_s()


def counter(watts_per_core: float, busy_s: Callable[[], float], folder: Path = POWERCAP) -> Counter:
    """The processor's own counter where it may be read, else an estimate from `busy_s`."""
    try:
        return Rapl(folder)
    except (OSError, ValueError):
        return Estimate(watts_per_core, busy_s)


class Meter:
    """Divides the energy that is counted among the answers under way. Safe for several threads.

    What is counted while several are under way is divided equally, so that all of them together
    never take more than was counted; what is counted while there is none belongs to none.
    """

    def __init__(self, counter: Counter) -> None:
        self.measured = counter.measured
        self._counter = counter
        self._lock = threading.Lock()
        self._last = 0.0
        self._open: dict[object, float] = {}

    def begin(self) -> object:
        """Begins an answer. Returns what `end` takes."""
        ticket = object()
        with self._lock:
            self._divide()
            self._open[ticket] = 0.0
        return ticket

    def end(self, ticket: object) -> float:
        """The joules of an answer that is over."""
        with self._lock:
            self._divide()
            return self._open.pop(ticket)

    def _divide(self) -> None:
        now = self._counter.joules()
        for ticket in self._open:
            self._open[ticket] += (now - self._last) / len(self._open)
        self._last = now
