"""Where receipts are kept: one file each, in a folder that only its owner may read."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from index.errors import NotFoundError, ReceiptError, StorageError
from rag import receipt

__all__ = ["Receipts", "new_id"]

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""None that looks like another."""

_ID = re.compile(f"[{_LETTERS}]{{10}}")


def new_id() -> str:
    """Ten letters, 49 random bits: short enough to type, and not to be guessed."""
    return "".join(secrets.choice(_LETTERS) for _ in range(10))


class Receipts:
    """The last receipts, as files `<when>-<id>.json`. Safe for several threads and processes."""

    def __init__(self, folder: Path, most: int) -> None:
        """folder: made with the first receipt; most: older ones are removed"""
        self._folder = folder
        self._most = most

    def keep(self, held: Mapping[str, Any]) -> None:
        """Writes a receipt and removes the oldest of too many. Raises StorageError."""
        when = re.sub(r"[^\dTZ.]", "", held["at"])
        file = self._folder / f"{when}-{held['id']}.json"
        aside = file.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump(held, out, ensure_ascii=False, indent=1)
            aside.replace(file)
            for old in self._files()[self._most :]:
                old.unlink(missing_ok=True)
        except OSError as exc:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise StorageError(
                f"The receipt {file} cannot be written ({exc.strerror}). Make room, or switch "
                "receipts off (`receipts.keep`)."
            ) from exc

    def find(self, key: str) -> bytes:
        """A receipt as its file has it. Raises NotFoundError, ReceiptError."""
        files = list(self._folder.glob(f"*-{key}.json")) if _ID.fullmatch(key) else []
        if not files:
            raise NotFoundError(
                f"There is no receipt {key!r}. `refdesk receipt` lists those that are kept."
            )
        try:
            return files[0].read_bytes()
        except OSError as exc:
            raise ReceiptError(f"{files[0]} cannot be read ({exc.strerror}).") from exc

    def latest(self, limit: int) -> list[dict[str, Any] | str]:
        """The last `limit` receipts, newest first; of one that cannot be read, why."""
        found: list[dict[str, Any] | str] = []
        for file in self._files()[:limit]:
            try:
                found.append(receipt.opened(file.read_bytes(), str(file)))
            except FileNotFoundError:
                continue  # removed by another process meanwhile
            except OSError as exc:
                found.append(f"{file} cannot be read ({exc.strerror}).")
            except ReceiptError as exc:
                found.append(str(exc))
        return found

    def clear(self) -> int:
        """Removes all receipts. Returns how many there were. Raises StorageError."""
        files = self._files()
        try:
            for file in [*files, *self._folder.glob("*.part")]:
                file.unlink(missing_ok=True)
        except OSError as exc:
            raise StorageError(f"{exc.filename} cannot be removed ({exc.strerror}).") from exc
        return len(files)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*-*.json"), reverse=True)
