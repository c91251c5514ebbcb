"""The language model in use: how it is set up and spoken to, loaded once, what it keeps on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import ModelError
from rag.chosen import Chosen
from rag.models import ModelStore
from rag.prompt import FAMILIES, Family
from rag.sections import ModelSection

if TYPE_CHECKING:
    from rag.calibration import Calibrations
    from rag.remote import Remote
    from rag.shelf import Shelf, Shelving
    from rag.tuning import InForce

__all__ = ["Generator"]


class Generator:
    """The chosen model and its process, which starts when first asked for."""

    def __init__(
        self,
        section: ModelSection,
        origins: Mapping[str, str],
        home: Path,
        chosen: Chosen,
        models: ModelStore,
        loading: Callable[[str], object],
    ) -> None:
        """
        origins  where each setting came from
        home     the data folder
        loading  told what is about to be loaded, which may take seconds
        """
        self._section = section
        self._origins = origins
        self._home = home
        self._chosen = chosen
        self._models = models
        self._loading = loading
        self._lock = threading.Lock()
        self.loaded: Remote | None = None
        """The model, where it is loaded. Not under the lock, which is held while it loads."""

    @property
    def name(self) -> str:
        return self._chosen.entry("generator").name

    @property
    def family(self) -> Family:
        """How it is spoken to. Raises ModelError."""
        entry = self._chosen.entry("generator")
        if entry.family not in FAMILIES:
            raise ModelError(
                f"{entry.name} is of the family {entry.family!r}, for which Refdesk has no "
                f"template. It knows {', '.join(FAMILIES)}."
            )
        return FAMILIES[entry.family]

    @property
    def tokens(self) -> int:
        """Whose keys and values its process keeps room for."""
        section = self._section
        return max(section.pool, min(section.context, self._chosen.entry("generator").context))

    def llm(self) -> Remote:
        """The model, loaded once. Raises ModelMissingError, ChecksumError, ModelError."""
        from rag.remote import Remote

        with self._lock:
            if self.loaded is None:
                entry = self._chosen.entry("generator")
                folder = self._models.locate(entry.name)
                self._loading(f"Loading {entry.name}")
                section = self._section
                path = folder / entry.main_file.name
                self.loaded = Remote(
                    path,
                    name=entry.name,
                    context=min(section.context, entry.context),
                    pool=section.pool,
                    seats=section.askers,
                    tuning=self.tuning().tuning,
                    draft=section.draft,
                    gpu_layers=section.gpu_layers,
                    kept_mb=section.kept_mb,
                    shelving=self.shelving if section.preread_mb else None,
                    about=lambda: self._short_of(path),
                )
            return self.loaded

    def close(self) -> None:
        """Frees the model, where it was loaded."""
        with self._lock:
            if self.loaded is not None:
                self.loaded.close()
                self.loaded = None

    @cached_property
    def shelving(self) -> Shelving:
        """Where passages are kept that were read beforehand. Raises ModelError."""
        from rag.shelf import Shelving

        entry = self._chosen.entry("generator")
        most = self._section.preread_mb * 1024 * 1024
        return Shelving(self._home / "preread", most, entry.main_file.sha256)

    def shelf(self) -> Shelf | None:
        """Where the loaded model keeps passages; None: it is not loaded, or keeps none."""
        return self.loaded.shelf if self.loaded is not None else None

    @cached_property
    def calibrations(self) -> Calibrations:
        """The tunings that were measured, in the data folder."""
        from rag.calibration import Calibrations

        return Calibrations(self._home / "calibration.json")

    def tuning(self) -> InForce:
        """How llama.cpp is set up for it, and why. Raises UsageError, ModelError."""
        from rag import built, calibration, machine, tuning

        section, here = self._section, machine.look()
        held = calibration.key(here, self._chosen.entry("generator"), section.gpu_layers)
        found = self.calibrations.find(held)
        return tuning.in_force(
            section,
            self._origins,
            tuning.default(here.cores, card=built.on_card(section.gpu_layers)),
            found.tuning if found else None,
            found.day if found else "",
        )

    @property
    def runs(self) -> dict[str, Any] | None:
        """What runs it, as `rag.built` tells; None: it is not loaded."""
        loaded = self.loaded
        return loaded.runs if loaded is not None else None

    @property
    def busy_s(self) -> float:
        """Core seconds that it has taken so far."""
        loaded = self.loaded
        return loaded.busy_s if loaded is not None else 0.0

    def _short_of(self, path: Path) -> str:
        """What a model needs that did not load, if that is more than there is; else ""."""
        from rag import advice, fitting, gguf, machine

        need = fitting.needed(path.stat().st_size, gguf.read_shape(path), self.tokens)
        return advice.short_of(need, machine.look().available)
