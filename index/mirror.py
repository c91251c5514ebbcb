"""A folder mirrored: what is new and changed read, what moved followed, what is gone forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from index import sync
from index.catalog import Catalog
from index.intake import Intake
from index.report import Labels, Progress, Report
from index.walk import storable

__all__ = ["mirror"]


def mirror(
    catalog: Catalog,
    intake: Intake,
    folder: Path,
    recipe: str,
    finish: Callable[[], None],
    labels: Labels,
    progress: Progress | None,
    *,
    check: bool,
    delete: bool,
) -> Report:
    """Makes the library hold what `folder` holds; see `index.library.Library.sync`.

    recipe  how documents are read now
    finish  called after the last change, if there was any

    The caller holds the write lock. Raises UsageError, StorageError, CorruptError, ModelError.
    """
    held = catalog.origins(storable(folder))
    planned = sync.plan(folder, held, recipe, check=check)
    labels = replace(labels, synced=True)
    fresh = [held[path] for path in planned.unchanged]
    catalog.touch(replace(each, synced=True) for each in fresh if not each.synced)
    for origin in fresh:
        intake.label(origin.path, labels)
    files = [(file, False) for file in planned.read]
    outcomes = intake.add(files, labels, progress, check=check)
    report = outcomes.report()
    arrived = {storable(Path(each)) for each in (*report.copies, *report.changed)}
    gone = sync.gone(planned.gone, catalog.find, arrived)
    for before, after in gone.moved.items():
        intake.label(after, Labels(held[before].collection or None))
    back = gone.lost if planned.too_many(len(gone.lost)) and not delete else ()
    removed = [path for path in planned.gone if path not in back]
    if removed:
        catalog.forget(removed)
    if removed or outcomes.changed_anything:
        finish()
    targets = set(gone.moved.values())
    return replace(
        report,
        unchanged=(*planned.unchanged, *report.unchanged),
        copies=tuple(each for each in report.copies if storable(Path(each)) not in targets),
        failed=(*planned.problems, *report.failed),
        moved=(*report.moved, *gone.moved.items()),
        removed=(*report.removed, *(path for path in removed if path not in gone.moved)),
        held_back=back,
    )
