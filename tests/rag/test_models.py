"""The manifest, and what is verified, added and refused. Real files, no network."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path

import pytest

from index.errors import ChecksumError, ModelError, ModelMissingError, UsageError
from rag import models
from rag.gguf import read_context
from rag.models import FAMILIES, Manifest, ModelEntry, ModelFile, ModelStore, Source
from tests.tiny import config_of

ROOT = Path(__file__).resolve().parents[2]

ENTRY = """
[[model]]
name = "tiny"
role = "generator"
family = "qwen2.5"
context = 512
files = [{{ name = "tiny.gguf", bytes = 4, sha256 = "{}" }}]
""".format("a" * 64)


def gguf(context: int | None = 4096, tail: bytes = b"weights") -> bytes:
    """A GGUF header with a name, a list of tokens and, if given, the context length."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    keys = [
        text("general.name") + struct.pack("<I", 8) + text("tiny"),
        text("tokenizer.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b"),
        text("tokenizer.types") + struct.pack("<IIQ", 9, 5, 2) + struct.pack("<ii", 1, 1),
        text("general.flag") + struct.pack("<I?", 7, True),
    ]
    if context is not None:
        keys.append(text("qwen2.context_length") + struct.pack("<II", 4, context))
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + b"".join(keys) + tail


def described(name: str, content: bytes) -> ModelFile:
    return ModelFile(name, len(content), hashlib.sha256(content).hexdigest())


def entry(*files: ModelFile, name: str = "tiny", sources: tuple[Source, ...] = ()) -> ModelEntry:
    return ModelEntry(name, "generator", "qwen2.5", files, "MIT", 512, sources=sources)


def store_with(directory: Path, *entries: ModelEntry, local: Path | None = None) -> ModelStore:
    return ModelStore(Manifest(entries), directory, local)


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# The manifest


def test_the_manifest_of_the_project_is_whole() -> None:
    manifest = Manifest.load(ROOT / "models" / "manifest.toml")
    qwen, minilm, marco, smol = manifest.entries
    roles = [entry.role for entry in manifest.entries]
    assert roles == ["generator", "embedder", "reranker", "generator"]
    assert (qwen.context, minilm.context, marco.context, smol.context) == (32768, 256, 512, 8192)
    assert marco.main_file.name == "model.safetensors"
    assert len(marco.sources[-1].revision) == 40, "a commit: a branch may come to hold other files"
    assert qwen.main_file.bytes == 1_117_320_768
    assert minilm.main_file.name == "model.safetensors"
    assert "1_Pooling/config.json" in [file.name for file in minilm.files]
    assert "tests only" in smol.note
    assert len(qwen.sources[-1].packages) == 22
    assert [source.kind for source in qwen.sources] == ["folder", "hub", "wheels"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "tiny"\n', "", "model 1: name is missing"),
        ('"tiny"', '"../tiny"', "name must be lower-case"),
        ("context = 512", "context = 0", "model tiny: context must be a positive whole number"),
        ("context = 512", "context = true", "context must be a positive whole number"),
        ("context = 512", "contex = 512", "context must be"),
        ("context = 512", "context = 512\ncolour = 'red'", "model tiny: colour is not a known key"),
        ('"generator"', '"writer"', "role must be one of generator, embedder, reranker"),
        ('"qwen2.5"', '"llama9"', "family of a generator must be one of qwen2.5, smollm2"),
        ('"tiny.gguf"', '"../tiny.gguf"', "plain relative path"),
        ('"tiny.gguf"', '"/etc/tiny.gguf"', "plain relative path"),
        ('"tiny.gguf"', '".verified.json"', "plain relative path"),
        ("a" * 64, "A" * 64, "model tiny, files: sha256 of tiny.gguf must be 64"),
        ("bytes = 4, ", "", "model tiny, files: bytes must be"),
        ("[[model]]", "[model]", "model must be a list of tables"),
        ("[[model]]", "[[modell]]", "modell is not a known key"),
        ("]\n", "]\n[[model.source]]\nkind = 'ftp'\n", "kind must be one of folder, hub, wheels"),
        ("]\n", "]\n[[model.source]]\nkind = 'hub'\n", "model tiny, source: repo is missing"),
        (
            "]\n",
            "]\n[[model.source]]\nkind = 'folder'\nrepo = 'a/b'\n",
            "repo is not a known key",
        ),
        (
            "]\n",
            "]\n[[model.source]]\nkind = 'wheels'\nmember = '*'\n",
            "packages is missing or empty",
        ),
        ("[[model]]", "[[model", "not TOML"),
    ],
)
def test_a_malformed_manifest_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "manifest.toml"
    text = ENTRY[::-1].replace(old[::-1], new[::-1], 1)[::-1] if old == "]\n" else None
    path.write_text(text or ENTRY.replace(old, new))
    with pytest.raises(ModelError, match=r"manifest\.toml") as caught:
        Manifest.load(path)
    assert told in str(caught.value)


def test_local_entries_join_the_manifest(tmp_path: Path) -> None:
    manifest, local = tmp_path / "manifest.toml", tmp_path / "local.toml"
    manifest.write_text(ENTRY)
    assert [e.name for e in Manifest.load(manifest, local).entries] == ["tiny"]
    local.write_text(ENTRY.replace('"tiny"', '"mine"'))
    assert [e.name for e in Manifest.load(manifest, local).entries] == ["tiny", "mine"]
    local.write_text(ENTRY)
    with pytest.raises(ModelError, match="used twice"):
        Manifest.load(manifest, local)
    with pytest.raises(ModelError, match=r"absent\.toml cannot be read"):
        Manifest.load(tmp_path / "absent.toml")


def test_an_unknown_name_gets_the_nearest() -> None:
    manifest = Manifest.load(ROOT / "models" / "manifest.toml")
    with pytest.raises(UsageError, match=r"Did you mean all-minilm-l6-v2\?"):
        manifest.get("all-MiniLM-L6")
    with pytest.raises(UsageError, match="Known models: qwen"):
        manifest.get("zzz")


# What is installed


def test_a_missing_model_names_what_to_copy_where(tmp_path: Path) -> None:
    tiny = entry(described("tiny.gguf", gguf()), described("extra.json", b"{}"))
    store = store_with(tmp_path, tiny)
    put(store.folder(tiny), "extra.json", b"{}")
    assert store.present(tiny)
    assert not store.installed(tiny)
    with pytest.raises(ModelMissingError) as caught:
        store.locate("tiny")
    told = str(caught.value)
    assert "refdesk models pull tiny" in told
    assert f"Copy into {tmp_path / 'tiny'}: {tiny.main_file}." in told
    assert f"{tiny.main_file.bytes} bytes, sha256 {tiny.main_file.sha256}" in told
    assert "extra.json" not in told


def test_a_file_is_hashed_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gguf()
    tiny = entry(described("tiny.gguf", content))
    store = store_with(tmp_path, tiny)
    path = put(store.folder(tiny), "tiny.gguf", content)
    hashed: list[Path] = []

    def spy(file: Path) -> str:
        hashed.append(file)
        return hashlib.sha256(file.read_bytes()).hexdigest()

    monkeypatch.setattr(models, "file_sha256", spy)
    assert store.locate("tiny") == path.parent
    assert store.locate("tiny") == path.parent
    assert len(hashed) == 1
    store.verify("tiny")
    assert len(hashed) == 2

    # Same size, same time: only the inode and the change of time give it away.
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    other = put(tmp_path, "other", content[:-1] + b"!")
    os.utime(other, ns=times)
    os.replace(other, path)
    with pytest.raises(ChecksumError) as caught:
        store.locate("tiny")
    told = str(caught.value)
    wrong = hashlib.sha256(content[:-1] + b"!").hexdigest()
    assert f"expected sha256 {tiny.main_file.sha256}, got {wrong}" in told
    assert "refdesk models pull tiny" in told
    with pytest.raises(ChecksumError):
        store.locate("tiny")


def test_a_truncated_file_is_told_as_such(tmp_path: Path) -> None:
    content = gguf()
    tiny = entry(described("tiny.gguf", content))
    store = store_with(tmp_path, tiny)
    put(store.folder(tiny), "tiny.gguf", content[:10])
    with pytest.raises(ChecksumError, match=f"truncated: 10 of {len(content)} bytes"):
        store.locate("tiny")


@pytest.mark.parametrize("stamp", ["", "[]", "{", '{"tiny.gguf": 3}', '{"tiny.gguf": {}}'])
def test_a_damaged_stamp_is_no_proof(tmp_path: Path, stamp: str) -> None:
    content = gguf()
    tiny = entry(described("tiny.gguf", content))
    store = store_with(tmp_path, tiny)
    put(store.folder(tiny), "tiny.gguf", content[:-1] + b"!")
    put(store.folder(tiny), models.STAMP_FILE, stamp.encode())
    with pytest.raises(ChecksumError):
        store.locate("tiny")


# What is added by hand


def test_a_known_file_goes_to_its_place(tmp_path: Path) -> None:
    content = gguf()
    tiny = entry(described("tiny.gguf", content))
    store = store_with(tmp_path / "models", tiny)
    brought = put(tmp_path, "Downloaded (1).bin", content)
    with pytest.raises(UsageError, match="is tiny, which is in the manifest"):
        store.add(brought, name="other", family="qwen2.5")
    assert store.add(brought) == tiny
    assert store.locate("tiny") == tmp_path / "models" / "tiny"
    assert (tmp_path / "models" / "tiny" / "tiny.gguf").read_bytes() == content
    assert not (tmp_path / "models" / "local.toml").exists()
    assert not list(tmp_path.rglob("*.part"))
    assert store.add(brought) == tiny  # again: nothing to copy


def test_a_known_folder_goes_to_its_place(tmp_path: Path) -> None:
    weights, shared = b"weights", b"shared tokenizer"
    other = entry(described("x.gguf", b"another"), described("t.json", shared), name="other")
    mine = ModelEntry(
        "mine",
        "embedder",
        "sentence-transformers",
        (described("model.safetensors", weights), described("1_Pooling/t.json", shared)),
        "MIT",
        256,
    )
    store = store_with(tmp_path / "models", other, mine)
    put(tmp_path / "usb", "model.safetensors", weights)
    with pytest.raises(ModelMissingError, match=r"1_Pooling/t\.json"):
        store.add(tmp_path / "usb")
    put(tmp_path / "usb" / "1_Pooling", "t.json", shared)
    assert store.add(tmp_path / "usb") == mine
    assert (store.locate("mine") / "1_Pooling" / "t.json").read_bytes() == shared


def test_an_unknown_gguf_becomes_a_local_entry(tmp_path: Path) -> None:
    directory = tmp_path / "models"
    manifest = tmp_path / "manifest.toml"
    manifest.write_text(ENTRY)
    store = ModelStore(Manifest.load(manifest), directory)
    brought = put(tmp_path, 'my "own".gguf', gguf(2048))
    with pytest.raises(UsageError, match=r"family out of qwen2\.5, smollm2"):
        store.add(brought)
    with pytest.raises(UsageError, match="family 'llama' of a generator is not known"):
        store.add(brought, name="own", family="llama")
    with pytest.raises(UsageError, match="cannot name a model"):
        store.add(brought, name="../own", family="qwen2.5")
    with pytest.raises(UsageError, match="taken by another model"):
        store.add(brought, name="tiny", family="qwen2.5")
    with pytest.raises(UsageError, match="role 'poet' is not known"):
        store.add(brought, name="own", family="qwen2.5", role="poet")
    assert not directory.exists()

    added = store.add(brought, name="own", family="smollm2")
    assert (added.context, added.role, added.main_file.name) == (2048, "generator", brought.name)
    second = put(tmp_path, "second.gguf", gguf(None, b"other"))
    assert store.add(second, name="own2", family="qwen2.5", context=99).context == 99
    again = Manifest.load(manifest, directory / "local.toml")
    assert [e.name for e in again.entries] == ["tiny", "own", "own2"]
    assert again.get("own") == added
    assert ModelStore(again, directory).locate("own") == directory / "own"
    (directory / "own" / brought.name).unlink()
    with pytest.raises(ModelMissingError, match="the manifest names no source"):
        store.pull("own")


def test_an_embedder_folder_brings_only_safe_files(tmp_path: Path) -> None:
    brought = tmp_path / "embedder"
    for name in ("modules.json", "config.json", "model.safetensors", "pytorch_model.bin", "x.py"):
        put(brought, name, name.encode())
    store = store_with(tmp_path / "models")
    (family,) = FAMILIES["embedder"]
    added = store.add(brought, name="mine", role="embedder", family=family, context=512)
    assert sorted(file.name for file in added.files) == [
        "config.json",
        "model.safetensors",
        "modules.json",
    ]
    assert store.locate("mine").is_dir()
    with pytest.raises(UsageError, match="not the folder of a sentence-transformers model"):
        store.add(put(tmp_path, "b.json", b"{}"), "b", "embedder", family)

    # A vocabulary that another model has too does not make it that model.
    finetune = tmp_path / "finetune"
    put(finetune, "config.json", b"config.json")
    put(finetune, "model.safetensors", b"tuned")
    assert store.add(finetune, "tuned", "embedder", family).name == "tuned"


def test_a_reranker_folder_is_one_before_it_is_copied(tmp_path: Path) -> None:
    store = store_with(tmp_path / "models")
    brought = tmp_path / "mine"
    put(brought, "model.safetensors", b"weights")
    config_of(brought, architectures=["BertModel"])
    with pytest.raises(UsageError, match="mine cannot be used as a reranker: it is a BertModel"):
        store.add(brought, "mine", "reranker")
    assert not (tmp_path / "models").exists()
    config_of(brought, architectures=["BertForSequenceClassification"], id2label={"0": "L"})
    added = store.add(brought, "mine", "reranker")
    assert (added.role, added.family, added.context) == ("reranker", "sentence-transformers", 512)
    assert store.locate("mine") == tmp_path / "models" / "mine"


def test_a_namesake_with_other_bytes_is_refused(tmp_path: Path) -> None:
    content = gguf()
    tiny = entry(described("tiny.gguf", content))
    store = store_with(tmp_path / "models", tiny)
    brought = put(tmp_path, "tiny.gguf", content[:20])
    with pytest.raises(ChecksumError) as caught:
        store.add(brought)
    told = str(caught.value)
    assert f"truncated: 20 of {len(content)} bytes" in told
    assert tiny.main_file.sha256 in told
    assert hashlib.sha256(content[:20]).hexdigest() in told
    other = put(tmp_path, "tiny.gguf", gguf(1, b"a finetune"))
    assert store.add(other, name="finetune", family="qwen2.5").name == "finetune"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<html>not found</html>", "is not a GGUF file"),
        (b"", "is not a GGUF file"),
        (gguf()[:50], "header is damaged"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 60), "header is damaged"),
    ],
)
def test_what_is_no_gguf_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    brought = put(tmp_path, "model.gguf", content)
    store = store_with(tmp_path / "models")
    with pytest.raises(ModelError, match=told):
        store.add(brought, name="model", family="qwen2.5")
    with pytest.raises(ModelError, match=told):
        read_context(brought)
    assert not (tmp_path / "models").exists()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    store = store_with(tmp_path / "models")
    with pytest.raises(UsageError, match=r"notes\.txt is neither a \.gguf file"):
        store.add(put(tmp_path, "notes.txt", b"notes"), name="notes", family="qwen2.5")
    with pytest.raises(UsageError, match="no such file or folder"):
        store.add(tmp_path / "absent.gguf")


def test_the_stamp_holds_what_tells_a_change(tmp_path: Path) -> None:
    content = gguf()
    tiny = entry(described("tiny.gguf", content))
    store = store_with(tmp_path, tiny)
    path = put(store.folder(tiny), "tiny.gguf", content)
    store.locate("tiny")
    stamp = json.loads((path.parent / models.STAMP_FILE).read_text())["tiny.gguf"]
    assert stamp == {
        "size": len(content),
        "mtime_ns": path.stat().st_mtime_ns,
        "inode": path.stat().st_ino,
        "sha256": tiny.main_file.sha256,
    }
