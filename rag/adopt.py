"""Tells what a file or folder brought by the administrator is: a model of the manifest, or a new
one. It copies nothing.
"""

from __future__ import annotations

from pathlib import Path

from index.errors import ChecksumError, ModelError, UsageError
from index.rerank import unfit
from rag.backend import FOLDER
from rag.fetch import file_sha256
from rag.gguf import read_context
from rag.manifest import FAMILIES, Manifest, ModelEntry, ModelFile, check_name

__all__ = ["identify"]

SAFE_SUFFIXES = frozenset({".json", ".txt", ".safetensors", ".model"})
"""What the folder of an embedder or a reranker may bring: nothing that is unpickled or run."""

READS = {"embedder": 256, "reranker": 512}
"""Role -> tokens that such a model reads at once, where it is not said."""

Found = dict[str, Path]
"""A model's file name -> where that file lies now."""


def identify(
    path: Path,
    manifest: Manifest,
    name: str | None,
    role: str | None,
    family: str | None,
    context: int | None,
) -> tuple[ModelEntry, Found]:
    """The model that a path brings, and which of its files are there.

    Raises UsageError, ChecksumError for a file that is named as one of the manifest and is
    another, and ModelError for a file that is no GGUF or cannot be read.
    """
    try:
        files = _files(path)
        known = _known(files, manifest)
        if known is None:
            return _new(path, files, manifest, name, role, family, context)
    except OSError as error:
        raise ModelError(f"{error.filename or path} cannot be read: {error.strerror}.") from error
    if name not in (None, known[0].name):
        raise UsageError(f"{path} is {known[0].name}, which is in the manifest under that name.")
    return known


def _files(path: Path) -> Found:
    if path.is_dir():
        below = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        names = {found.relative_to(path).as_posix(): found for found in below}
        # What was converted from the model is no part of it.
        return {name: p for name, p in names.items() if not name.startswith(f"{FOLDER}/")}
    if not path.is_file():
        raise UsageError(f"{path}: no such file or folder.")
    return {path.name: path}


def _known(files: Found, manifest: Manifest) -> tuple[ModelEntry, Found] | None:
    sizes = {file.bytes for entry in manifest.entries for file in entry.files}
    digests = {file_sha256(p): p for p in files.values() if p.stat().st_size in sizes}
    for entry in manifest.entries:
        found = {file.name: digests[file.sha256] for file in entry.files if file.sha256 in digests}
        # Models share vocabularies and the like: of a folder, the weights tell whose it is.
        if entry.main_file.name in found or (found and len(files) == 1):
            return entry, found
    return None


def _new(
    path: Path,
    files: Found,
    manifest: Manifest,
    name: str | None,
    role: str | None,
    family: str | None,
    context: int | None,
) -> tuple[ModelEntry, Found]:
    weights = {rel: found for rel, found in files.items() if found.suffix == ".gguf"}
    if name is None:
        _refuse_namesakes(weights, manifest)
    role = role or "generator"
    if role not in FAMILIES:
        raise UsageError(f"role {role!r} is not known. Choose one of {', '.join(FAMILIES)}.")
    if role == "generator":
        if len(weights) != 1:
            raise UsageError(f"{path} is neither a .gguf file nor a model of the manifest.")
        (found,) = weights.values()
        context = context or read_context(found) or 2048
        files = {found.name: found}
    else:
        files = {rel: found for rel, found in files.items() if found.suffix in SAFE_SUFFIXES}
        context = context or READS[role]
        if "config.json" not in files:
            raise UsageError(f"{path} is not the folder of a sentence-transformers model.")
        if role == "reranker" and (reason := unfit(path)):
            raise UsageError(f"{path} cannot be used as a reranker: {reason}.")
        family = family or FAMILIES[role][0]
    families = ", ".join(FAMILIES[role])
    if name is None or family is None:
        raise UsageError(
            f"{path.name} is not in the manifest. Give it a name, and its family out of {families}."
        )
    if family not in FAMILIES[role]:
        raise UsageError(f"family {family!r} of a {role} is not known. Choose one of {families}.")
    if any(entry.name == check_name(name) for entry in manifest.entries):
        raise UsageError(f"the name {name} is taken by another model. Choose a different one.")
    described = tuple(
        ModelFile(rel, found.stat().st_size, file_sha256(found)) for rel, found in files.items()
    )
    return ModelEntry(name, role, family, described, "", context, note="added by hand"), files


def _refuse_namesakes(weights: Found, manifest: Manifest) -> None:
    for entry in manifest.entries:
        path = weights.get(entry.main_file.name)
        if path is None:
            continue
        size, expected = path.stat().st_size, entry.main_file
        cut = f"truncated: {size} of {expected.bytes} bytes, " if size < expected.bytes else ""
        raise ChecksumError(
            f"{path} is not the {expected.name} of the manifest: {cut}expected sha256 "
            f"{expected.sha256}, got {file_sha256(path)}. Fetch it again, or give it a name of "
            "its own if it is meant to be another model."
        )
