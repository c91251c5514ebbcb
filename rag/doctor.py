"""What is found when this machine and this install are looked over, each finding in a line.

llama.cpp is tried first, in a process of its own. Nothing is changed, but for a calibration where
one is asked for; nothing needs a network, and what cannot be looked at is itself a finding.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from index.errors import ModelError, ModelMissingError, RefdeskError, StorageError
from rag import advice, built, calibration, machine, tuning
from rag.advice import Finding
from rag.build import Parts
from rag.calibration import Calibration
from rag.fitting import Fit, fit
from rag.gguf import Shape, read_shape
from rag.machine import Machine
from rag.manifest import ModelEntry
from rag.measuring import Calibrated, Meter
from rag.probing import About, Probing
from rag.tuning import Speed

__all__ = ["Report", "examined"]

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Report:
    """Findings in their order, and the figures behind them, for programs."""

    findings: tuple[Finding, ...]
    facts: dict[str, Any]

    @property
    def healthy(self) -> bool:
        return all(each.state != "problem" for each in self.findings)


def examined(
    parts: Parts,
    *,
    measure: bool,
    calibrate: bool,
    say: Say,
    probing: Callable[[], Probing] = Probing,
) -> Report:
    """Looks everything over. Raises UsageError for settings that cannot hold.

    measure    take the time to measure how fast the model reads and writes
    calibrate  first choose how llama.cpp is set up, and keep that
    say        told what takes a while, before it
    probing    makes the process that llama.cpp is tried in
    """
    examination = _Examination(parts, say)
    installed = [*examination.installed()]
    with probing() as process:
        tried = [*examination.tried(process, measure=measure, calibrate=calibrate)]
    findings = [*examination.surroundings(), *installed, *tried, *examination.fitting()]
    return Report(tuple(findings), examination.facts())


class _Examination:
    """One look at everything; what a step finds, later steps use."""

    def __init__(self, parts: Parts, say: Say) -> None:
        self._parts = parts
        self._say = say
        self._here: Machine = machine.look()
        self._chosen = parts.chosen.entry("generator")
        self._sound: list[ModelEntry] = []
        self._about: About | None = None
        self._tried: tuple[ModelEntry, Speed] | None = None
        self._calibration: Calibrated | None = None
        self._fits: dict[ModelEntry, Fit] = {}

    def installed(self) -> Iterator[Finding]:
        """Which models are there, whole and true; what runs those that are no generators."""
        parts, store = self._parts, self._parts.models
        reranker = parts.chosen.reranking()
        used = [self._chosen, parts.chosen.entry("embedder"), *([reranker] if reranker else [])]
        for entry in store.manifest.entries:
            if entry not in used and not store.present(entry):
                continue
            bad = "problem" if entry in used else "note"
            try:
                store.locate(entry.name)
            except ModelMissingError:
                text = f"{entry.name} is not installed, or not all of it"
                todo = f"`refdesk models pull {entry.name}` fetches it, or says what to copy where"
                yield Finding(entry.role, bad, f"{text}: {todo}")
                continue
            except RefdeskError as exc:
                yield Finding(entry.role, bad, str(exc))
                continue
            self._sound.append(entry)
            text = f"{entry.name}, verified{', in use' if entry in used else ''}"
            if entry.role == "generator":
                yield Finding(entry.role, "ok", text)
            else:
                yield _runs_on(parts, entry, text)
        if reranker is None:
            off = parts.settings.retrieval.reranker == "off"
            why = "switched off (retrieval.reranker)" if off else "none is installed; optional"
            yield Finding("reranker", "ok", why)

    def tried(self, probing: Probing, *, measure: bool, calibrate: bool) -> Iterator[Finding]:
        """llama.cpp, a prompt, how it is set up and how fast it is."""
        self._say("Trying llama.cpp in a process of its own")
        try:
            self._about = probing.about()
        except ModelError as exc:
            yield Finding("llama.cpp", "problem", str(exc))
            return
        yield Finding("llama.cpp", "ok", f"llama-cpp-python {self._about.version} loads")
        entry = self._model()
        if entry is None:
            yield Finding("prompt", "note", "not tried: no model that answers is whole")
        else:
            yield from self._prompted(probing, entry, measure, calibrate)

    def _model(self) -> ModelEntry | None:
        """The model to try: that in use, else the smallest, which tells as well what runs."""
        sound = [each for each in self._sound if each.role == "generator"]
        others = sorted(sound, key=lambda each: each.main_file.bytes)
        return self._chosen if self._chosen in sound else next(iter(others), None)

    def _prompted(
        self, probing: Probing, entry: ModelEntry, measure: bool, calibrate: bool
    ) -> Iterator[Finding]:
        self._say(f"Running a prompt through {entry.name}")
        begun = time.monotonic()
        try:
            meter = Meter(
                probing,
                self._parts.models.folder(entry) / entry.main_file.name,
                self._parts.generator.tuning().tuning,
                context=self._context(entry),
                gpu_layers=self._layers,
            )
        except ModelError as exc:
            need, free = advice.gb(self._fit(entry).needed), advice.gb(self._here.available)
            yield Finding(
                "prompt", "problem",
                f"{entry.name}: {exc} It needs about {need} of memory; {free} are available.",
            )  # fmt: skip
            return
        yield Finding(
            "prompt", "ok",
            f"{entry.name} read one and went on: {time.monotonic() - begun:.1f} s, "
            f"{advice.gb(probing.resident)} of memory",
        )  # fmt: skip
        if calibrate:
            yield self._calibrated(meter, entry)
        yield self._speed(meter, entry, measure)

    def _calibrated(self, meter: Meter, entry: ModelEntry) -> Finding:
        """Measures, and keeps what was chosen."""
        if entry != self._chosen:
            text = f"not done: {self._chosen.name} cannot be run"
            return Finding("calibration", "problem", text)
        start = tuning.default(self._here.cores, card=built.on_card(self._layers))
        try:
            found = meter.calibrate(
                start, self._here, lambda each: self._say(f"Measuring {advice.words(each)}")
            )
            # That nothing was found on a busy machine is no reason not to look again.
            if found.threads or found.compared.best != start:
                self._parts.generator.calibrations.keep(
                    self._key(entry), Calibration(_today(), found.compared.best, found.speed)
                )
        except (ModelError, StorageError) as exc:
            return Finding("calibration", "problem", str(exc))
        self._calibration = found
        return advice.calibrated(found, start, meter.others, self._here.present)

    def _speed(self, meter: Meter, entry: ModelEntry, measure: bool) -> Finding:
        """Of the model as it is run now: measured, or known from a calibration."""
        now = self._parts.generator.tuning().tuning
        known = self._parts.generator.calibrations.find(self._key(entry))
        if (self._calibration or not measure) and known and known.tuning == now:
            self._tried = (entry, known.speed)
            return advice.speed(entry.name, known.speed, f"calibrated on {known.day}")
        if not measure:
            return Finding("speed", "note", "not measured (--quick)")
        try:
            found = meter.speed(now, lambda n, of: self._say(f"Measuring its speed, {n} of {of}"))
        except ModelError as exc:
            return Finding("speed", "problem", str(exc))
        self._tried = (entry, found)
        return advice.speed(entry.name, found, "measured", meter.others, self._here.present)

    def surroundings(self) -> Iterator[Finding]:
        """The machine, beside what llama.cpp tells of it."""
        yield from advice.processor(self._here, self._about)
        yield advice.memory(self._here)
        if self._about is not None:
            need = self._fit(self._chosen).needed
            yield advice.graphics(
                self._here, self._about, need, self._shape(self._chosen), self._layers
            )
        yield _disk(self._parts.settings.home)

    def fitting(self) -> Iterator[Finding]:
        """How llama.cpp is set up; which generators of the manifest fit, and how fast they would
        answer.
        """
        yield advice.tuned(self._parts.generator.tuning(), self._parts.generator.calibrations)
        for entry in self._parts.models.manifest.entries:
            if entry.role == "generator":
                self._fits[entry] = self._fit(entry)
                yield advice.model(
                    entry,
                    self._fits[entry],
                    self._here,
                    installed=entry in self._sound,
                    chosen=entry == self._chosen,
                )

    def facts(self) -> dict[str, Any]:
        """What JSON has beside the findings."""
        about, here, calibrated = self._about, self._here, self._calibration
        in_force = self._parts.generator.tuning()
        return {
            "machine": {**asdict(here), "features": sorted(here.features)},
            "llama": {**asdict(about), "instructions": sorted(about.instructions)}
            if about
            else None,
            "tuning": {**asdict(in_force.tuning), "why": dict(in_force.why)},
            "compared": [
                {**asdict(each), "runs": [asdict(one) for one in runs]}
                for each, runs in calibrated.compared.runs.items()
            ]
            if calibrated
            else None,
            "measured": {"model": self._tried[0].name, **asdict(self._tried[1])}
            if self._tried
            else None,
            "models": [
                {
                    "name": entry.name,
                    "installed": entry in self._sound,
                    "in_use": entry == self._chosen,
                    "needed": each.needed,
                    "fits": each.fits,
                    "first_word_s": each.speed and round(each.speed.first_word_s, 2),
                    "finished_s": each.speed and round(each.speed.finished_s, 2),
                }
                for entry, each in self._fits.items()
            ],
        }

    @property
    def _layers(self) -> int:
        return self._parts.settings.model.gpu_layers

    def _key(self, entry: ModelEntry) -> dict[str, Any]:
        return calibration.key(self._here, entry, self._layers)

    def _context(self, entry: ModelEntry) -> int:
        return min(self._parts.settings.model.context, entry.context)

    def _fit(self, entry: ModelEntry) -> Fit:
        tried = (self._tried[0].main_file.bytes, self._tried[1]) if self._tried else None
        return fit(
            entry.main_file.bytes,
            self._shape(entry),
            self._parts.generator.tokens,
            self._here.available,
            tried,
        )

    def _shape(self, entry: ModelEntry) -> Shape | None:
        """Of an installed model; None where its file is missing, damaged or does not say."""
        try:
            return read_shape(self._parts.models.folder(entry) / entry.main_file.name)
        except ModelError:
            return None


def _runs_on(parts: Parts, entry: ModelEntry, text: str) -> Finding:
    """What runs an embedder or a reranker, and why where that is not the faster backend."""
    try:
        parts.chosen.verify_graph(entry)
        backend = parts.chosen.runs_on(entry)
        found = version(backend.name)
    except RefdeskError as exc:
        return Finding(entry.role, "problem", str(exc))
    except PackageNotFoundError as exc:
        text = f"{text}, but the package {exc.name} is not installed: run `make install`"
        return Finding(entry.role, "problem", text)
    numbers = ", 8-bit numbers" if backend.graph else ""
    why = f": {backend.why}" if backend.why else ""
    text = f"{text}; runs on {backend.name} {found}{numbers}{why}"
    return Finding(entry.role, "note" if why else "ok", text)


def _disk(home: Path) -> Finding:
    there = next(each for each in (home, *home.parents) if each.exists())
    free = shutil.disk_usage(there).free
    text = f"{advice.gb(free)} free for {home}"
    if not os.access(there, os.W_OK):
        return Finding("disk", "note", f"{text}, which can only be read: nothing can be added")
    if free < 100_000_000:
        return Finding("disk", "problem", f"{text}: make room")
    return Finding("disk", "note" if free < 1_000_000_000 else "ok", text)


def _today() -> str:
    return dt.datetime.now().astimezone().date().isoformat()
