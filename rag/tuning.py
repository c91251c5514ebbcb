"""How llama.cpp is set up for a machine and a model: chosen by measuring. Pure but for the run.

A choice is changed only where that brings more than noise (see `chosen`): timings of a shared
machine are worth no more than that.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rag.sections import ModelSection

__all__ = [
    "BATCH",
    "CARD_BATCH",
    "LEAST",
    "Compared",
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

BATCH, CARD_BATCH = 64, 512
"""Tokens of a prompt read at once, on a processor and on a graphics card, unless measured or set.
Others who are answered wait meanwhile; a processor gains hardly anything by more."""

_HOPELESS = 1.15
"""Behind by this much after a round, a candidate takes no part in the next."""

_ROUNDS = 3
_PROMPT, _ANSWER = 350, 40
"""Tokens of an ordinary question's prompt and answer."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the model is run.

    threads  None: all cores that this process may use
    ubatch   tokens of a prompt that it reads at once
    """

    threads: int | None = None
    ubatch: int = BATCH
    flash_attention: bool = True


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
    return Tuning(threads=cores, ubatch=CARD_BATCH if card else BATCH)


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


def candidates(start: Tuning, cores: int, physical: int | None, read: int) -> list[list[Tuning]]:
    """What is compared, stage by stage: a stage's tunings differ from `start` in one value.

    cores     that may be used; 1: numbers of threads are not compared
    physical  cores that are not another one's second thread; None: unknown
    read      tokens that a run reads; batches that hold all of them are the same
    """
    counts = {physical or cores, cores - 1, cores // 2}
    threads = sorted((each for each in counts if 0 < each < cores), reverse=True)
    return [
        [replace(start, threads=each) for each in threads],
        [replace(start, flash_attention=not start.flash_attention)],
        [
            replace(start, ubatch=each)
            for each in (64, 128, 256)
            if each != start.ubatch and each < read
        ],
    ]


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison came to.

    gain  how many times the pace of the tuning it began with, by runs of the same rounds
    runs  all that were measured, in the order of their rounds
    over  time was up, and something was left out
    """

    best: Tuning
    gain: float
    runs: Mapping[Tuning, Sequence[Speed]]
    over: bool = False


def calibrated(
    start: Tuning,
    stages: Sequence[Sequence[Tuning]],
    run: Run,
    told: Callable[[Tuning], object] = lambda _: None,
    over: Callable[[], bool] = lambda: False,
) -> Compared:
    """The best of `start` and what the stages change of it, one after another.

    told  of each run before it
    over  time is up: nothing more is run, and what was not compared to its end stays as it was
    """
    best, gain = start, 1.0
    runs: dict[Tuning, list[Speed]] = {}
    for stage in stages:
        # What an earlier stage chose holds in this one.
        rivals = [_moved(each, start, best) for each in stage]
        speeds: dict[Tuning, list[Speed]] = {}
        for number in range(_ROUNDS if rivals else 0):
            # To and fro, so that a machine that gets busier favours nobody.
            for each in (best, *rivals) if number % 2 == 0 else (*reversed(rivals), best):
                if over():
                    return Compared(best, gain, runs, over=True)
                told(each)
                found = run(each)
                speeds.setdefault(each, []).append(found)
                runs.setdefault(each, []).append(found)
            rivals = [each for each in rivals if not _hopeless(speeds[each], speeds[best])]
            if not rivals:
                break
        taken = chosen(best, {each: speeds[each] for each in (best, *rivals) if rivals})
        if taken != best:
            gain /= statistics.median(_ratios(speeds[taken], speeds[best]))
            best = taken
    return Compared(best, gain, runs)


def _moved(each: Tuning, start: Tuning, best: Tuning) -> Tuning:
    before: dict[str, Any] = asdict(start)
    changed = {name: value for name, value in asdict(each).items() if value != before[name]}
    return replace(best, **changed)


def _ratios(rival: Sequence[Speed], beside: Sequence[Speed]) -> list[float]:
    """Of the times that an answer takes, round by round; below 1: the rival is faster."""
    rounds = zip(rival, beside, strict=True)
    return [one.finished_s / other.finished_s for one, other in rounds]


def _hopeless(rival: Sequence[Speed], beside: Sequence[Speed]) -> bool:
    return min(_ratios(rival, beside)) > _HOPELESS


def chosen(start: Tuning, speeds: Mapping[Tuning, Sequence[Speed]]) -> Tuning:
    """The tuning that answers an ordinary question soonest, if that is no noise.

    It must be faster than `start` in each round, and at the median by `LEAST` and by more than
    `start` differs from itself. speeds: of each tuning, as many as there were rounds.
    """
    if start not in speeds:
        return start
    times = [each.finished_s for each in speeds[start]]
    noise = (max(times) - min(times)) / statistics.median(times)
    better = {}
    for each in speeds:
        ratios = _ratios(speeds[each], speeds[start])
        middle = statistics.median(ratios)
        if max(ratios) < 1 and 1 - middle > max(LEAST, noise):
            better[each] = middle
    return min(better, key=lambda each: better[each], default=start)
