"""What the doctor says of what it found. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from rag.calibration import Calibrations
from rag.fitting import Fit, layers_on_card
from rag.gguf import Shape
from rag.machine import FEATURES, Machine
from rag.manifest import ModelEntry
from rag.measuring import Calibrated
from rag.probing import REBUILD, About
from rag.tuning import InForce, Speed, Tuning

__all__ = [
    "Finding",
    "calibrated",
    "gb",
    "graphics",
    "memory",
    "model",
    "processor",
    "short_of",
    "speed",
    "tuned",
    "words",
]

_CARDS = {"10de": ("NVIDIA", "cuda"), "1002": ("AMD", "vulkan")}
"""A card's maker on the PCI bus -> its name, and the GPU= that builds for it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """name: what it is about; state: "ok", "note" or "problem", whose text says what to do."""

    name: str
    state: str
    text: str


def gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"


def short_of(need: int, free: int) -> str:
    """What to tell of a model that did not load, where that is more than there is; else ""."""
    if need <= free:
        return ""
    return (
        f"It needs about {gb(need)} of memory and {gb(free)} are available. "
        "`refdesk doctor` tells which models would fit."
    )


def processor(here: Machine, about: About | None) -> Iterator[Finding]:
    """The processor, and whether the build uses what it has."""
    cores = f"{here.cores} of {here.present} cores usable"
    if here.limits.cores is not None:
        cores += f" (limited to the time of {here.limits.cores:g})"
    if here.physical and here.physical < here.present:
        cores += f", {here.physical} of them physical"
    yield Finding("processor", "ok", f"{here.processor}, {cores}")
    if about is None:
        return
    built = about.instructions
    shown = [each for each in FEATURES if each in built] or ["the plainest processor"]
    text = f"llama.cpp is built for {', '.join(shown)}"
    lacking = here.features - built - {"AMX_INT8"}
    if "AVX512_VNNI" in built:
        lacking -= {"AVX_VNNI"}  # the same, for processors without AVX-512
    if any(each.startswith("AMX") for each in built):
        yield Finding(
            "instructions", "note",
            f"{text}. Virtual machines often advertise AMX and refuse it; here it ran. If "
            f"Refdesk ever dies without a word, build without: `{REBUILD}`",
        )  # fmt: skip
    elif lacking:
        yield Finding(
            "instructions", "note",
            f"{text}; the processor also has {', '.join(sorted(lacking))}: `{REBUILD}` builds "
            "for all that it can use",
        )  # fmt: skip
    else:
        yield Finding("instructions", "ok", text)


def memory(here: Machine) -> Finding:
    limited = " (the limit of a container or service)" if here.limits.memory is not None else ""
    text = f"{gb(here.available)} of {gb(here.memory)} available{limited}"
    return Finding("memory", "ok", text)


def graphics(
    here: Machine, about: About, need: int, shape: Shape | None, gpu_layers: int
) -> Finding:
    """need, shape: of the model in use; gpu_layers: the setting."""
    if about.devices:
        cards = "; ".join(
            f"{each.about or each.name}, {gb(each.free)} of {gb(each.total)} free"
            for each in about.devices
        )
        if gpu_layers == 0:
            return Finding("graphics", "note", f"{cards}; not used (model.gpu_layers = 0)")
        free = max(each.free for each in about.devices)
        if need <= free or shape is None:
            return Finding("graphics", "ok", f"{cards}; runs the model")
        layers = layers_on_card(need, shape.layers, free)
        return Finding(
            "graphics", "note",
            f"{cards}; about {layers} of the model's {shape.layers} layers fit: set "
            f"model.gpu_layers = {layers}, or choose a smaller model",
        )  # fmt: skip
    if about.offloads:
        return Finding(
            "graphics", "note", "llama.cpp is built for graphics cards, and sees none: check the "
            "card's driver"
        )  # fmt: skip
    for card in here.cards:
        maker, gpu = _CARDS.get(card.partition(":")[0], ("", ""))
        if maker:
            return Finding(
                "graphics", "note",
                f"a card of {maker} is there, and llama.cpp is not built for it: "
                f"`{REBUILD} GPU={gpu}`",
            )  # fmt: skip
    return Finding("graphics", "ok", "no card that llama.cpp could use; the processor does it all")


def words(each: Tuning) -> str:
    flash = "with" if each.flash_attention else "without"
    threads = "1 thread" if each.threads == 1 else f"{each.threads} threads"
    return f"{threads}, {each.ubatch} tokens at once, {flash} flash attention"


def tuned(in_force: InForce, kept: Calibrations) -> Finding:
    """What is in force, and why."""
    values = asdict(in_force.tuning)
    values["flash_attention"] = "on" if in_force.tuning.flash_attention else "off"
    names = {"threads": "threads", "ubatch": "batch", "flash_attention": "flash attention"}
    whys = set(in_force.why.values())
    if len(whys) == 1:
        listed = ", ".join(f"{names[name]} {value}" for name, value in values.items())
        text = f"{listed} ({whys.pop()})"
    else:
        text = ", ".join(f"{names[n]} {value} ({in_force.why[n]})" for n, value in values.items())
    if kept.damaged():
        return Finding(
            "tuning", "note",
            f"{text}; {kept.path} is damaged and not used: `refdesk doctor --calibrate` makes it "
            "anew",
        )  # fmt: skip
    if "default" in in_force.why.values():
        text += "; `refdesk doctor --calibrate` measures whether others are faster"
    return Finding("tuning", "ok", text)


def calibrated(found: Calibrated, start: Tuning, others: float, present: int) -> Finding:
    """start: the defaults; others: of `present` cores, those that other programs kept at work."""
    compared = found.compared
    text = f"{sum(map(len, compared.runs.values()))} runs in {found.seconds:.0f} s: "
    if compared.best == start:
        text += "nothing is faster than the defaults by more than noise"
    else:
        text += f"{words(compared.best)}, {compared.gain:.2f} times the pace of the defaults"
    if compared.over:
        text += "; not all was compared, because time ran out"
    if not found.threads:
        text += (
            f"; threads were not compared, because other programs kept {others:.1f} of {present} "
            "cores busy: run it again when the machine is idle"
        )
        return Finding("calibration", "note", text)
    return Finding("calibration", "ok", text)


def speed(name: str, found: Speed, how: str, others: float = 0.0, present: int = 1) -> Finding:
    """others: of `present` cores, those that were at work before it was measured."""
    text = f"{name} reads {found.read:,.0f} and writes {found.write:,.1f} tokens a second ({how})"
    if others > present / 4:
        text += f", while other programs kept {others:.1f} of {present} cores busy"
        return Finding("speed", "note", text)
    return Finding("speed", "ok", text)


def model(entry: ModelEntry, each: Fit, here: Machine, *, installed: bool, chosen: bool) -> Finding:
    """Whether a model fits, and how fast it would answer an ordinary question."""
    state = "in use" if chosen else "installed" if installed else "not installed"
    text = f"{entry.name} ({state}) needs about {gb(each.needed)}: "
    if each.fits:
        text += "fits"
    elif each.needed <= here.memory:
        text += f"only {gb(here.available)} are free: end other programs"
    else:
        text += "too large for this machine"
        text += ": choose a smaller one (`models.generator`)" if chosen else ""
    if each.speed is not None:
        text += (
            f"; first word after about {each.speed.first_word_s:.1f} s, an answer after "
            f"{each.speed.finished_s:.1f} s"
        )
    bad = "problem" if chosen else "note"
    return Finding("model", "ok" if each.fits else bad, text)
