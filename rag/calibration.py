"""Where tunings that were measured are kept: one for each machine, build and model.

A file of JSON in the data folder, replaced whole. It can be made again, so a damaged one is as
good as none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.errors import StorageError
from rag import built
from rag.machine import Machine
from rag.manifest import ModelEntry
from rag.tuning import Speed, Tuning

__all__ = ["Calibration", "Calibrations", "key"]

_MOST = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured on a day (ISO 8601): the tuning that was chosen, and its speed."""

    day: str
    tuning: Tuning
    speed: Speed


def key(machine: Machine, entry: ModelEntry, gpu_layers: int) -> dict[str, Any]:
    """What a calibration holds for, and nothing else."""
    return {
        "processor": machine.processor,
        "cores": machine.cores,
        "cards": list(machine.cards),
        "llama": built.identity(),
        "model": entry.main_file.sha256,
        "gpu_layers": gpu_layers,
    }


class Calibrations:
    """The file of calibrations."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, wanted: Mapping[str, Any]) -> Calibration | None:
        """What was measured for a key; None where nothing was, or the file is damaged."""
        try:
            rows = self._rows()
        except ValueError:
            return None
        return next((found for held, found in rows if held == wanted), None)

    def damaged(self) -> bool:
        """Whether there is a file that cannot be used."""
        try:
            self._rows()
        except ValueError:
            return True
        return False

    def keep(self, wanted: Mapping[str, Any], found: Calibration) -> None:
        """Instead of what was kept for that key, and of a damaged file. Raises StorageError."""
        try:
            others = [row for row in self._rows() if row[0] != wanted]
        except ValueError:
            others = []
        rows = [(wanted, found), *others][:_MOST]
        text = json.dumps([{"for": held, **asdict(each)} for held, each in rows], indent=1)
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(text + "\n", encoding="utf-8")
            os.replace(new, self.path)
        except OSError as exc:
            new.unlink(missing_ok=True)
            raise StorageError(f"{self.path} cannot be written ({exc.strerror}).") from exc

    def _rows(self) -> list[tuple[Mapping[str, Any], Calibration]]:
        """Raises ValueError for a file that is damaged or cannot be read."""
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(stored, list):
                raise ValueError("no list")
            return [(row["for"], _calibration(row)) for row in stored]
        except FileNotFoundError:
            return []
        except (OSError, KeyError, TypeError, AttributeError) as exc:
            raise ValueError(str(exc)) from exc


def _calibration(row: Mapping[str, Any]) -> Calibration:
    tuning, speed = Tuning(**row["tuning"]), Speed(**row["speed"])
    for name, kind in (("threads", int), ("ubatch", int), ("flash_attention", bool)):
        value = getattr(tuning, name)
        if type(value) is not kind or (kind is int and value < 1):
            raise ValueError(f"{name} = {value!r}")
    if min(speed.read, speed.write) <= 0:
        raise ValueError("no speed")
    return Calibration(str(row["day"]), tuning, speed)
