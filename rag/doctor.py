"""What is found when this machine and this install are looked over, each finding in a line.

llama.cpp is tried first, in a process of its own. Nothing is changed, but for a calibration where
one is asked for; nothing needs a network, and what cannot be looked at is itself a finding.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from index.errors import RefdeskError
from rag import advice, calibration, machine, tuning
from rag.advice import Finding
from rag.build import Parts
from rag.calibration import Calibration
from rag.fitting import Fit, fit
from rag.gguf import Shape, read_shape
from rag.machine import Machine
from rag.manifest import ModelEntry
from rag.probing import About, Probing
from rag.tuning import InForce, Speed, Tuning

__all__ = ["Report", "examined"]

_ROUNDS = 3
_MOST_SECONDS = 75
"""After which a calibration begins no further round."""

Say = Callable[[str], object]


@dataclass(slots=True)
class Report:
    """Findings in their order, and the figures behind them, for programs."""

    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        return all(each.state != "problem" for each in self.findings)

    def add(self, name: str, state: str, text: str) -> None:
        self.findings.append(Finding(name, state, text))


def examined(parts: Parts, *, measure: bool, calibrate: bool, say: Say) -> Report:
    """Looks everything over. Raises UsageError for settings that cannot hold.

    measure    take the time to measure how fast the model reads and writes
    calibrate  first choose how llama.cpp is set up, and keep that
    say        told what takes a while, before it
    """
    report, here = Report(), machine.look()
    chosen = parts.entry("generator")
    sound = _models(report, parts)
    with Probing() as probing:
        about = _build(report, probing, say)
        tried = _prompt(report, probing, parts, chosen, sound, here, say) if about else None
        found: tuple[ModelEntry, Speed] | None = None
        if tried is not None:
            entry, rough = tried
            if calibrate:
                _calibrate(report, probing, parts, entry, rough, here, say)
            found = _speed(report, probing, parts, entry, rough, measure, say)
    report.findings += advice.processor(here, about)
    report.findings.append(advice.memory(here))
    shape = _shape(parts, chosen) if chosen in sound else None
    context = min(parts.settings.model.context, chosen.context)
    if about:
        size = chosen.main_file.bytes
        layers = parts.settings.model.gpu_layers
        report.findings.append(advice.graphics(here, about, size, shape, context, layers))
    report.findings.append(_disk(parts.settings.home))
    report.findings.append(advice.tuned(parts.tuning(), parts.calibrations))
    _fits(report, parts, sound, here, found)
    report.facts |= {
        "machine": {**asdict(here), "features": sorted(here.features)},
        "llama": {**asdict(about), "instructions": sorted(about.instructions)} if about else None,
        "tuning": asdict(parts.tuning()),
        "measured": asdict(found[1]) if found else None,
    }
    return report


def _models(report: Report, parts: Parts) -> list[ModelEntry]:
    """Looks at the models that are installed or in use. Returns those that are whole and true."""
    store, sound = parts.models, []
    reranker = _reranker(report, parts)
    embedder = parts.entry("embedder")
    used = [parts.entry("generator"), embedder, *([reranker] if reranker else [])]
    for entry in store.manifest.entries:
        if entry not in used and not store.present(entry):
            continue
        try:
            store.locate(entry.name)
        except RefdeskError as exc:
            report.add(entry.role, "problem" if entry in used else "note", str(exc))
            continue
        sound.append(entry)
        text = f"{entry.name}, verified{', in use' if entry in used else ''}"
        if entry.role == "generator":
            report.add(entry.role, "ok", text)
        else:
            report.findings.append(_runs_on(parts, entry, text))
    return sound


def _reranker(report: Report, parts: Parts) -> ModelEntry | None:
    entry = parts.reranking()
    if entry is None:
        off = parts.settings.retrieval.reranker == "off"
        why = "switched off (retrieval.reranker)" if off else "none is installed; it is optional"
        report.add("reranker", "ok", why)
    return entry


def _runs_on(parts: Parts, entry: ModelEntry, text: str) -> Finding:
    try:
        parts.verify_graph(entry)
        backend = parts.runs_on(entry)
    except RefdeskError as exc:
        return Finding(entry.role, "problem", str(exc))
    kind = "OpenVINO, 8-bit numbers" if backend.name == "openvino" else backend.name
    packages = {"openvino": "openvino", "torch": "torch"}
    try:
        kind += f" ({version(packages[backend.name])})"
    except PackageNotFoundError:
        return Finding(
            entry.role, "problem", f"{text}, but {backend.name} is not installed: `make install`"
        )
    why = f": {backend.why}" if backend.why else ""
    return Finding(entry.role, "note" if why else "ok", f"{text}; runs on {kind}{why}")


def _build(report: Report, probing: Probing, say: Say) -> About | None:
    say("Trying llama.cpp in a process of its own")
    try:
        about = probing.about()
    except RefdeskError as exc:
        report.add("llama.cpp", "problem", str(exc))
        return None
    report.add("llama.cpp", "ok", f"llama-cpp-python {about.version} loads")
    return about


def _prompt(
    report: Report,
    probing: Probing,
    parts: Parts,
    chosen: ModelEntry,
    sound: list[ModelEntry],
    here: Machine,
    say: Say,
) -> tuple[ModelEntry, Speed] | None:
    """Runs a short prompt. Returns the model that did, and about how fast it is."""
    known = [each for each in sound if each.role == "generator" and each != chosen]
    # Another model tells as well whether the build runs, and about how fast the machine is.
    others = sorted(known, key=lambda each: each.main_file.bytes)
    entry = chosen if chosen in sound else next(iter(others), None)
    if entry is None:
        report.add("prompt", "note", "not tried: no model that answers is installed and whole")
        return None
    say(f"Running a prompt through {entry.name}")
    section = parts.settings.model
    started = time.monotonic()
    try:
        probing.load(parts.models.folder(entry) / entry.main_file.name, section.gpu_layers)
        loaded = time.monotonic()
        context = min(section.context, entry.context)
        rough = probing.run(parts.tuning().tuning, context=context, read=32, write=2)
    except RefdeskError as exc:
        need = _fit(parts, entry, here, None).needed
        report.add(
            "prompt", "problem",
            f"{entry.name}: {exc} It needs about {advice.gb(need)} of memory, and "
            f"{advice.gb(here.available)} are free.",
        )  # fmt: skip
        return None
    report.add(
        "prompt", "ok",
        f"{entry.name} read one and went on; loaded in {loaded - started:.1f} s, "
        f"{advice.gb(probing.resident)} of memory",
    )  # fmt: skip
    report.facts["resident"] = probing.resident
    return entry, rough


def _sizes(rough: Speed) -> dict[str, int]:
    """Tokens to read and write in some three seconds."""
    return {
        "read": max(96, min(384, int(rough.read * 2.5))),
        "write": max(6, min(32, int(rough.write))),
    }


def _calibrate(
    report: Report,
    probing: Probing,
    parts: Parts,
    entry: ModelEntry,
    rough: Speed,
    here: Machine,
    say: Say,
) -> None:
    """Measures, and keeps what was chosen for the model in use. Nothing is kept of another one."""
    if entry != parts.entry("generator"):
        report.add("calibration", "problem", "the model in use does not run: nothing was measured")
        return
    sizes = _sizes(rough)
    context = min(parts.settings.model.context, entry.context)
    others = machine.busy()
    begun = time.monotonic()

    def run(each: Tuning) -> Speed:
        return probing.run(each, context=context, **sizes)

    def over() -> bool:
        return time.monotonic() - begun > _MOST_SECONDS

    layers = parts.settings.model.gpu_layers
    start = tuning.default(here.cores, card=_on_card(probing, layers))
    stages = tuning.candidates(start, here.cores, here.physical)
    run(start)  # the first run is slower than all that follow
    try:
        best, runs = tuning.calibrated(
            start, stages, run, lambda each: say(f"Measuring {advice.words(each)}"), over
        )
    except RefdeskError as exc:
        report.add("calibration", "problem", str(exc))
        return
    speed = _median(runs.get(best) or [run(best)])
    today = dt.datetime.now().astimezone().date().isoformat()
    held = calibration.key(here, entry, layers)
    parts.calibrations.keep(held, Calibration(today, best, speed))
    report.facts["calibration"] = [
        {**asdict(each), "read": [one.read for one in found], "write": [one.write for one in found]}
        for each, found in runs.items()
    ]
    report.findings.append(
        advice.calibrated(start, best, runs, others, here, time.monotonic() - begun, over())
    )


def _on_card(probing: Probing, gpu_layers: int) -> bool:
    return bool(probing.about().devices) and gpu_layers != 0


def _speed(
    report: Report,
    probing: Probing,
    parts: Parts,
    entry: ModelEntry,
    rough: Speed,
    measure: bool,
    say: Say,
) -> tuple[ModelEntry, Speed] | None:
    in_force: InForce = parts.tuning()
    held = calibration.key(machine.look(), entry, parts.settings.model.gpu_layers)
    known = parts.calibrations.find(held)
    if known is not None and known.tuning == in_force.tuning and not measure:
        report.findings.append(advice.speed(entry.name, known.speed, f"measured on {known.day}"))
        return entry, known.speed
    if not measure:
        report.add("speed", "note", "not measured (--quick)")
        return None
    context = min(parts.settings.model.context, entry.context)
    others = machine.busy()
    runs = []
    try:
        for number in range(_ROUNDS):
            say(f"Measuring, {number + 1} of {_ROUNDS}")
            runs.append(probing.run(in_force.tuning, context=context, **_sizes(rough)))
    except RefdeskError as exc:
        report.add("speed", "problem", str(exc))
        return None
    speed = _median(runs)
    how = f"median of {_ROUNDS}"
    report.findings.append(advice.speed(entry.name, speed, how, others, os.cpu_count() or 1))
    return entry, speed


def _median(runs: list[Speed]) -> Speed:
    return Speed(
        statistics.median(each.read for each in runs), statistics.median(each.write for each in runs)
    )


def _disk(home: Path) -> Finding:
    there = next(each for each in (home, *home.parents) if each.exists())
    free = shutil.disk_usage(there).free
    text = f"{advice.gb(free)} free in {home}"
    if not os.access(there, os.W_OK):
        return Finding("disk", "note", f"{text}, which can only be read: nothing can be added")
    if free < 100_000_000:
        return Finding("disk", "problem", f"{text}: make room")
    return Finding("disk", "note" if free < 1_000_000_000 else "ok", text)


def _fits(
    report: Report,
    parts: Parts,
    sound: list[ModelEntry],
    here: Machine,
    found: tuple[ModelEntry, Speed] | None,
) -> None:
    rows: list[Mapping[str, Any]] = []
    chosen = parts.entry("generator")
    for entry in parts.models.manifest.entries:
        if entry.role != "generator":
            continue
        each = _fit(parts, entry, here, found)
        report.findings.append(
            advice.model(entry, each, here, installed=entry in sound, chosen=entry == chosen)
        )
        rows.append({
            "name": entry.name, "installed": entry in sound, "in_use": entry == chosen,
            "needed": each.needed, "fits": each.fits, "measured": each.measured,
            "first_word_s": each.speed and round(each.speed.first_word_s, 2),
            "finished_s": each.speed and round(each.speed.finished_s, 2),
        })  # fmt: skip
    report.facts["models"] = rows


def _fit(
    parts: Parts, entry: ModelEntry, here: Machine, found: tuple[ModelEntry, Speed] | None
) -> Fit:
    return fit(
        entry.main_file.bytes,
        _shape(parts, entry),
        min(parts.settings.model.context, entry.context),
        here.available,
        (found[0].main_file.bytes, found[1]) if found else None,
    )


def _shape(parts: Parts, entry: ModelEntry) -> Shape | None:
    """Of an installed model; None where its file is missing, damaged or does not say."""
    try:
        return read_shape(parts.models.folder(entry) / entry.main_file.name)
    except RefdeskError:
        return None
