"""What this machine has for a model: processor, cores, memory, graphics cards. Loads no library.

Limits that a container or a service manager sets (Linux control groups) count: a process that
starts a thread for each core of the machine while it may use two of them is many times slower.
"""

from __future__ import annotations

import functools
import math
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = [
    "FEATURES",
    "Limits",
    "Machine",
    "busy",
    "cores",
    "limits",
    "look",
    "parse_cpuinfo",
    "resident",
]

FEATURES = {
    "AVX": ("avx",),
    "AVX2": ("avx2",),
    "FMA": ("fma",),
    "F16C": ("f16c",),
    "BMI2": ("bmi2",),
    "AVX_VNNI": ("avx_vnni",),
    "AVX512": ("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"),
    "AVX512_VBMI": ("avx512vbmi",),
    "AVX512_VNNI": ("avx512_vnni",),
    "AVX512_BF16": ("avx512_bf16",),
    "AMX_INT8": ("amx_tile", "amx_int8"),
    "NEON": ("asimd",),
    "DOTPROD": ("asimddp",),
    "FP16_VA": ("asimdhp",),
    "MATMUL_INT8": ("i8mm",),
    "SVE": ("sve",),
}
"""Instruction sets that matter, as llama.cpp names them -> the flags, as Linux names them, that a
processor with them has."""

_UNLIMITED = 1 << 60
"""From here on, a limit of memory is version 1's way to say that there is none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What control groups allow; None: all there is.

    cores   processor time, in cores
    memory  bytes
    used    bytes that count against that limit and cannot be had back
    """

    cores: float | None = None
    memory: int | None = None
    used: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as this process may use it.

    features   those of `FEATURES` that every core has
    cores      that this process may keep busy; present: in the machine
    physical   cores that are not another one's second thread; None: unknown
    memory     bytes; available: what can be had without swapping
    cards      graphics cards on the PCI bus, "vendor:device" in hexadecimal digits
    """

    processor: str
    features: frozenset[str]
    cores: int
    present: int
    physical: int | None
    limits: Limits
    memory: int
    available: int
    cards: tuple[str, ...]


def look() -> Machine:
    """This machine, now."""
    processor, features = _processor()
    found = limits()
    memory = psutil.virtual_memory()
    total, available = memory.total, memory.available
    if found.memory is not None:
        total = min(total, found.memory)
        available = min(available, max(found.memory - found.used, 0))
    return Machine(
        processor=processor,
        features=features,
        cores=cores(found),
        present=os.cpu_count() or 1,
        physical=psutil.cpu_count(logical=False),
        limits=found,
        memory=total,
        available=available,
        cards=_cards(),
    )


def cores(found: Limits | None = None) -> int:
    """The cores that this process may keep busy: its affinity, and the control groups' quota."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        allowed = os.cpu_count() or 1
    quota = (found or limits()).cores
    return max(1, min(allowed, math.ceil(quota))) if quota else allowed


def busy(seconds: float = 0.5) -> float:
    """How many cores were at work on average, by whatever program, while this waited."""
    return psutil.cpu_percent(seconds) / 100 * (os.cpu_count() or 1)


def resident() -> int:
    """Bytes of memory that this process holds, with what it has read of mapped files."""
    return int(psutil.Process().memory_info().rss)


def parse_cpuinfo(text: str) -> tuple[str, frozenset[str]]:
    """Name and features by the text of /proc/cpuinfo; "" and none where it does not tell them."""
    name, flags = "", []
    for key, _, value in (line.partition(":") for line in text.splitlines()):
        if key.strip() in ("model name", "Model", "Hardware"):
            name = name or " ".join(value.split())
        elif key.strip() in ("flags", "Features"):
            flags.append(frozenset(value.split()))
    common = frozenset.intersection(*flags) if flags else frozenset()
    return name, frozenset(each for each, needs in FEATURES.items() if common.issuperset(needs))


def limits(root: Path = Path("/")) -> Limits:
    """The tightest limits of this process's control groups and those above them, both versions."""
    quotas, memories = [], []
    for controllers, folder in _groups(root):
        if not controllers or "cpu" in controllers:
            quotas.append(_quota(folder))
        if not controllers or "memory" in controllers:
            memories.append(_memory(folder))
    tightest = min((each for each in memories if each), default=None)
    return Limits(
        min((each for each in quotas if each), default=None),
        tightest[0] if tightest else None,
        tightest[1] if tightest else 0,
    )


def _groups(root: Path) -> Iterator[tuple[list[str], Path]]:
    """Folders of the control groups that hold this process, each with its controllers; of version
    2, which has them all in one, with none. Within a container the path is that outside of it,
    and only the folders above it are to be seen.
    """
    mounted = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, names, path = [*line.split(":", 2), "", ""][:3]
        controllers = [each for each in names.split(",") if each]
        tops = [mounted / names, *(mounted / each for each in controllers)] if names else [mounted]
        for top in filter(Path.is_dir, tops):
            below = Path(path.lstrip("/"))
            for each in [below, *below.parents]:
                yield controllers, top / each


def _quota(folder: Path) -> float | None:
    """In cores."""
    words = _text(folder / "cpu.max").split() or [
        _text(folder / f"cpu.cfs_{each}_us").strip() for each in ("quota", "period")
    ]
    try:
        quota, period = map(int, words)
    except ValueError:
        return None  # "max", or no such file
    return quota / period if quota > 0 < period else None


def _memory(folder: Path) -> tuple[int, int] | None:
    """The limit and what of it is in use, files that are kept at hand left out."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        try:
            most, now = int(_text(folder / limit)), int(_text(folder / used) or 0)
        except ValueError:
            continue
        stat = dict(line.split()[:2] for line in _text(folder / "memory.stat").splitlines())
        kept = int(stat.get("total_inactive_file", stat.get("inactive_file", 0)))
        return (most, max(now - kept, 0)) if most < _UNLIMITED else None
    return None


@functools.cache
def _processor() -> tuple[str, frozenset[str]]:
    name, features = parse_cpuinfo(_text(Path("/proc/cpuinfo")))
    if not name and platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        name = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return name or platform.processor() or platform.machine(), features


@functools.cache
def _cards() -> tuple[str, ...]:
    """None on macOS, where the processor's name tells its graphics too."""
    found = [
        f"{_identity(each / 'vendor')}:{_identity(each / 'device')}"
        for each in sorted(Path("/sys/bus/pci/devices").glob("*"))
        if _text(each / "class").startswith("0x03")  # displays and 3D controllers
    ]
    return tuple(found)


def _identity(file: Path) -> str:
    return _text(file).strip().removeprefix("0x")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
