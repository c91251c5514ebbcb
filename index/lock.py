"""The right to change a library: one process and thread at a time."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import BusyError, StorageError

__all__ = ["WriteLock"]


class WriteLock:
    """Held by `with`; taken again by its holder, it is held until the last one lets go."""

    def __init__(self, folder: Path, timeout_s: float = 5.0) -> None:
        """folder: the library's; timeout_s: how long another holder is waited for."""
        self._folder = folder
        self._lock = FileLock(folder / "write.lock", timeout=timeout_s)

    def __enter__(self) -> None:
        """Raises BusyError, StorageError."""
        try:
            self._lock.acquire()
        except Timeout as exc:
            raise BusyError(
                f"Another process is changing the library in {self._folder}. Wait for it to end."
            ) from exc
        except OSError as exc:
            raise StorageError(
                f"The library in {self._folder} cannot be changed ({exc.strerror}); nothing in it "
                "was. Make room or check the folder's rights; a library on a read-only disk is "
                "changed in a copy of its folder, named with --home."
            ) from exc

    def __exit__(self, *_: object) -> None:
        self._lock.release()
