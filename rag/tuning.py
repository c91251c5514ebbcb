"""How llama.cpp is set up for a machine and a model: chosen by measuring. Pure but for the run.

A choice is changed only where that brings more than noise: in each of several interleaved rounds,
and by `LEAST` at the median. Timings of a shared machine are worth no more than that.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rag.sections import ModelSection

__all__ = [
    "BATCH",
    "LEAST",
    "InForce",
    "Speed",
    "Tuning",
    "calibrated",
    "candidates",
    "chosen",
    "default",
    "in_force",
]

LEAST = 0.05
"""The gain below which nothing is changed."""

BATCH = 512
"""Tokens read at once, unless measured or set."""

_HOPELESS = 1.15
"""Behind by this much after a round, a candidate takes no part in the next."""

_ROUNDS = 3
_PROMPT, _ANSWER = 350, 40
"""Tokens of an ordinary question's prompt and answer."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the model is run.

    threads  None: all cores that this process may use
    ubatch   tokens that it reads at once, at most
    """

    threads: int | None = None
    ubatch: int = BATCH
    flash_attention: bool = False


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second, reading a prompt and writing an answer."""

    read: float
    write: float

    @property
    def first_word_s(self) -> float:
        """Seconds till an ordinary question's first word, without the search."""
        return _PROMPT / self.read

    @property
    def finished_s(self) -> float:
        """Seconds till an ordinary question is answered, without the search or drafting."""
        return self.first_word_s + _ANSWER / self.write

    def scaled(self, factor: float) -> Speed:
        return Speed(self.read * factor, self.write * factor)


Run = Callable[[Tuning], Speed]


@dataclass(frozen=True, slots=True)
class InForce:
    """A tuning, and why each of its values holds: the name of a field → the reason."""

    tuning: Tuning
    why: Mapping[str, str]


def default(cores: int, *, card: bool = False) -> Tuning:
    """What holds where nothing was measured. card: a graphics card runs the model."""
    return Tuning(threads=cores, flash_attention=card)


def in_force(
    section: ModelSection,
    origins: Mapping[str, str],
    fallback: Tuning,
    measured: Tuning | None,
    day: str = "",
) -> InForce:
    """Explicit settings, else what was measured, else the default.

    origins   setting → where its value comes from
    measured  on `day`
    """
    values = asdict(measured or fallback)
    why = dict.fromkeys(values, f"calibrated on {day}" if measured else "default")
    explicit = {
        "threads": ("threads", section.threads or None),
        "ubatch": ("batch", section.batch or None),
        "flash_attention": (
            "flash_attention",
            None if section.flash_attention == "auto" else section.flash_attention == "on",
        ),
    }
    for name, (setting, value) in explicit.items():
        if value is not None:
            values[name] = value
            why[name] = f"set: {origins.get(f'model.{setting}', 'default')}"
    return InForce(Tuning(**values), why)


def candidates(start: Tuning, cores: int, physical: int | None) -> list[list[Tuning]]:
    """What is compared, stage by stage: a stage's tunings differ from `start` in one value.

    cores     that may be used; 1: numbers of threads are not compared
    physical  cores that are not another one's second thread; None: unknown
    """
    counts = {physical or cores, cores - 1, cores // 2}
    threads = sorted((each for each in counts if 0 < each < cores), reverse=True)
    return [
        [replace(start, threads=each) for each in threads],
        [replace(start, flash_attention=not start.flash_attention)],
        [replace(start, ubatch=each) for each in (128, 256, 512) if each != start.ubatch],
    ]


def calibrated(
    start: Tuning,
    stages: Sequence[Sequence[Tuning]],
    run: Run,
    told: Callable[[Tuning], object] = lambda _: None,
    over: Callable[[], bool] = lambda: False,
) -> tuple[Tuning, dict[Tuning, list[Speed]]]:
    """The best of `start` and what the stages change of it, one after another; all that was run.

    told  of each run before it
    over  time is up: nothing more is run, and what was not compared to its end stays as it was
    """
    best = start
    runs: dict[Tuning, list[Speed]] = {}
    for stage in stages:
        # What an earlier stage chose holds in this one.
        rivals = [_moved(each, start, best) for each in stage]
        rivals = [each for each in dict.fromkeys(rivals) if each != best]
        speeds: dict[Tuning, list[Speed]] = {}
        for number in range(_ROUNDS if rivals else 0):
            for each in (best, *rivals):
                if over():
                    return best, runs
                told(each)
                found = run(each)
                speeds.setdefault(each, []).append(found)
                runs.setdefault(each, []).append(found)
            rivals = [each for each in rivals if not _hopeless(speeds, best, each, number)]
            if not rivals:
                break
        best = chosen(best, {each: speeds[each] for each in (best, *rivals) if rivals})
    return best, runs


def _moved(each: Tuning, start: Tuning, best: Tuning) -> Tuning:
    before: dict[str, Any] = asdict(start)
    changed = {name: value for name, value in asdict(each).items() if value != before[name]}
    return replace(best, **changed)


def _hopeless(
    speeds: Mapping[Tuning, Sequence[Speed]], best: Tuning, rival: Tuning, number: int
) -> bool:
    return all(
        speeds[rival][at].finished_s > _HOPELESS * speeds[best][at].finished_s
        for at in range(number + 1)
    )


def chosen(start: Tuning, speeds: Mapping[Tuning, Sequence[Speed]]) -> Tuning:
    """The tuning that answers an ordinary question soonest; `start` unless another was faster in
    each round, and by `LEAST` at the median. speeds: of each tuning, as many as there were rounds.
    """
    if start not in speeds:
        return start

    def ratios(rival: Tuning) -> list[float]:
        rounds = zip(speeds[rival], speeds[start], strict=True)
        return [one.finished_s / other.finished_s for one, other in rounds]

    gains = {each: ratios(each) for each in speeds if each != start}
    better = {
        each: statistics.median(found)
        for each, found in gains.items()
        if max(found) < 1 and statistics.median(found) < 1 - LEAST
    }
    return min(better, key=lambda each: better[each], default=start)
