"""A model's speed on this machine, and which of several tunings is the fastest."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rag import tuning
from rag.machine import Machine, busy
from rag.probing import Probing
from rag.tuning import Compared, Speed, Tuning

__all__ = ["Calibrated", "Meter", "median"]

_ROUNDS = 3
_MOST_SECONDS = 75
"""After which a comparison begins no further run."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A comparison of tunings on this machine.

    speed    of the one that was chosen
    seconds  that it took
    threads  their number was compared too: other programs left the processor alone
    """

    compared: Compared
    speed: Speed
    seconds: float
    threads: bool


class Meter:
    """One loaded model, and how many tokens it reads and writes in some four seconds."""

    def __init__(
        self,
        probing: Probing,
        path: Path,
        start: Tuning,
        *,
        context: int,
        gpu_layers: int,
    ) -> None:
        """Loads the model and runs a short prompt. Raises ModelLoadError."""
        self._probing = probing
        self._context = context
        probing.load(path, gpu_layers)
        self._size(probing.run(start, context=context, read=32, write=2))

    @cached_property
    def others(self) -> float:
        """Cores that other programs kept at work before anything was measured."""
        return busy()

    def speed(self, of: Tuning, told: Callable[[int, int], object]) -> Speed:
        """The median of some runs, each told before it. Raises ModelLoadError."""
        _ = self.others
        runs = []
        for number in range(_ROUNDS):
            told(number + 1, _ROUNDS)
            runs.append(self._run(of))
        return median(runs)

    def calibrate(
        self, start: Tuning, here: Machine, told: Callable[[Tuning], object]
    ) -> Calibrated:
        """Takes a minute or so. Raises ModelLoadError."""
        begun = time.monotonic()
        # Where other programs are at work, fewer threads are faster: a choice for this hour only.
        threads = self.others <= here.present / 4
        told(start)
        first = self._run(start)
        self._size(first)
        cores = here.cores if threads else 1
        stages = tuning.candidates(start, cores, here.physical, self._read)

        def over() -> bool:
            return time.monotonic() - begun > _MOST_SECONDS

        found = tuning.calibrated(start, stages, self._run, told, over)
        speed = median(found.runs.get(found.best, [first]))
        return Calibrated(found, speed, time.monotonic() - begun, threads)

    def _run(self, of: Tuning) -> Speed:
        return self._probing.run(of, context=self._context, read=self._read, write=self._write)

    def _size(self, rough: Speed) -> None:
        self._read = max(96, min(384, int(rough.read * 3)))
        self._write = max(6, min(32, int(rough.write)))


def median(runs: Sequence[Speed]) -> Speed:
    return Speed(
        statistics.median(each.read for each in runs),
        statistics.median(each.write for each in runs),
    )
