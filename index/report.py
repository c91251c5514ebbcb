"""What a library is told and tells while it reads files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from index.errors import ReadError, UnsupportedError
from index.ingest import Outcome
from index.walk import Problem

__all__ = ["Labels", "Outcomes", "Progress", "Report"]

Progress = Callable[[str, int, int], None]
"""Called with (what is in hand, number done, number in all)."""


@dataclass(frozen=True, slots=True)
class Report:
    """What `Library.add` or `sync` did, by path.

    copies     new places of articles that are held already
    skipped    found in a folder or an archive, of a kind not read
    moved      (from, to): the same file or article, found at another place
    removed    no longer in the folder, or in the file that held them
    held_back  no longer in the folder, but so many that nothing was removed
    """

    added: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[Problem, ...] = ()
    skipped: tuple[Problem, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """What added documents are filed under. `collection` None: where they are already, or in none.

    synced  they come from a folder that the library mirrors
    """

    collection: str | None = None
    tags: tuple[str, ...] = ()
    synced: bool = False


@dataclass(slots=True)
class Outcomes:
    """The outcomes of reading files, as they come."""

    paths: dict[Outcome, list[str]] = field(
        default_factory=lambda: {"added": [], "copied": [], "changed": [], "unchanged": []}
    )
    failed: list[Problem] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def refuse(self, path: str, error: ReadError, *, explicit: bool) -> None:
        """Notes what could not be read. `explicit`: the user named it, not a folder around it."""
        unread = isinstance(error, UnsupportedError) and not explicit
        (self.skipped if unread else self.failed).append(Problem(path, str(error)))

    @property
    def changed_anything(self) -> bool:
        """Whether what is searched is no longer what it was."""
        stored = (self.paths["added"], self.paths["copied"], self.paths["changed"])
        return any((*stored, self.moved, self.removed))

    def report(self) -> Report:
        return Report(
            added=tuple(self.paths["added"]),
            copies=tuple(self.paths["copied"]),
            changed=tuple(self.paths["changed"]),
            unchanged=tuple(self.paths["unchanged"]),
            failed=tuple(self.failed),
            skipped=tuple(self.skipped),
            moved=tuple(self.moved),
            removed=tuple(self.removed),
        )
