"""The files of a data set: JSON lines, plain or gzipped, each row with its place for messages."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from index.dates import normalise
from index.errors import UsageError

Row = Mapping[str, Any]
One = TypeVar("One")


def found(folder: Path, name: str) -> Path | None:
    """The file `name`, or `name.gz`; None where neither is there."""
    for file in (folder / name, folder / f"{name}.gz"):
        if file.is_file():
            return file
    return None


def needed(folder: Path, name: str, docs: str) -> Path:
    """As `found`; docs: where a data set is described. Raises UsageError where it is missing."""
    file = found(folder, name)
    if file is None:
        raise UsageError(f"{folder} has no {name} (nor {name}.gz). See {docs}.")
    return file


def rows(file: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of a file of JSON lines, each with its place. Raises UsageError."""
    opened = gzip.open if file.suffix == ".gz" else open
    where = str(file)
    try:
        with opened(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                where = f"{file}, line {number}"
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise UsageError(f"{where} is not a JSON object.")
                yield row, where
    except ValueError as exc:
        raise UsageError(f"{where} cannot be read as JSON lines ({exc}).") from exc
    except (OSError, EOFError) as exc:
        raise UsageError(f"{file} cannot be read ({exc}).") from exc


def identity(row: Row, where: str) -> str:
    """The row's id. Raises UsageError where it has none."""
    for key in ("id", "_id", "question_id", "doc_id"):
        if row.get(key) not in (None, ""):
            return str(row[key])
    raise UsageError(f"{where}: an `id` is missing.")


def question(row: Row, where: str) -> str:
    """The row's question. Raises UsageError where it has none."""
    for key in ("question", "question_sentence", "query", "input", "text"):
        if isinstance(row.get(key), str) and row[key].strip():
            return str(row[key])
    raise UsageError(f"{where}: a question needs a `question`.")


def named(row: Row) -> tuple[str, ...]:
    """The documents that a question names, in order, each once."""
    for key in ("documents", "gold_doc_ids", "gold_context_id", "relevant"):
        value = row.get(key)
        if value:
            return tuple(dict.fromkeys(map(str, value if isinstance(value, list) else [value])))
    return ()


def asked(row: Row) -> dt.date | None:
    """The day on which a question was asked, where the row tells it whole."""
    iso = normalise(row.get("asked") or row.get("question_date"))
    return dt.date.fromisoformat(iso) if iso and len(iso) == 10 else None


def drawn(all_of_them: Sequence[One], limit: int | None, seed: int, every: int = 1) -> list[One]:
    """Each `every`-th; of these all, or `limit` drawn with `seed`."""
    some = list(all_of_them[::every])
    return some if limit is None or limit >= len(some) else random.Random(seed).sample(some, limit)
