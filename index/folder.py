"""A model in a local folder: checked before it is read, loaded when it is first needed."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from index.errors import ModelLoadError

__all__ = ["FolderModel"]


class FolderModel(ABC):
    """A model that is loaded once, by whichever thread comes first.

    A backend says how its weights are loaded; what the model is for says the rest.
    """

    KIND: ClassVar[str] = "model"
    """What messages call it."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        limit: int,
        check: Callable[[], object] | None = None,
        loading: Callable[[], object] | None = None,
    ) -> None:
        """limit: tokens read at once, special tokens included; and two hooks.

        check    called once before any file of the folder is read; raises if one is wrong
        loading  called before the weights are loaded, which takes seconds
        """
        self.name = name
        self.limit = limit
        self._folder = folder
        self._check = check
        self._loading = loading
        self._lock = threading.Lock()
        self._loaded = False

    def load(self) -> None:
        """Loads the weights now rather than with the first text.

        Raises ModelLoadError, and what `check` raises.
        """
        with self._lock:
            if self._loaded:
                return
            self._checked()
            if self._loading:
                self._loading()
            try:
                self._open()
            except Exception as exc:  # whatever the library raises
                raise self._broken(exc) from exc
            self._loaded = True

    @abstractmethod
    def _open(self) -> None:
        """Loads the weights."""

    def _tokenizer(self) -> Any:
        """The folder's tokenizer, which neither cuts nor pads. The caller holds the lock."""
        from tokenizers import Tokenizer

        self._checked()
        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        except Exception as exc:  # the library raises bare Exception
            raise self._broken(exc) from exc
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _checked(self) -> None:
        if self._check is not None:
            self._check()
            self._check = None

    def _broken(self, exc: Exception) -> ModelLoadError:
        if isinstance(exc, ModelLoadError):
            return exc
        reason = " ".join(str(exc).split())[:200] or type(exc).__name__
        return ModelLoadError(
            f"The {self.KIND} {self.name} in {self._folder} cannot be loaded ({reason}). "
            f"{self._remedy()}"
        )

    def _remedy(self) -> str:
        return f"Fetch it again with `refdesk models pull {self.name}`."
