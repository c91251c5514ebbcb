"""The worker process: the same documents as in process, and files that misuse it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from index.errors import LockedError, ReadError, UnsupportedError
from index.library import Library, LibrarySettings
from index.parse import Parser
from index.read import read_all
from index.types import Document
from tests.fakes import HashEmbedder
from tests.index.files import ENCRYPTED_PDF, docx, pdf, zip_of

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = (str(ROOT / "tests" / "index" / "hostile_worker.py"),)
needs_signals = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and limits")


@pytest.fixture(scope="module")
def sound() -> Iterator[Parser]:
    parser = Parser()
    yield parser
    parser.close()


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    """One second and 512 MB for each file, and readers for files that misbehave."""
    parser = Parser(seconds=1, memory_mb=512, worker=HOSTILE)
    yield parser
    parser.close()


def error(parser: Parser, path: Path) -> str:
    path.write_bytes(b"x")
    with pytest.raises(ReadError) as caught:
        parser(path, max_bytes=1000)
    assert path.name not in str(caught.value)
    return str(caught.value)


def worker_of(parser: Parser, folder: Path) -> int:
    (folder / "pid.print").write_bytes(b"x")
    (part,) = parser(folder / "pid.print", max_bytes=1000)
    assert isinstance(part.content, Document)
    return int(part.content.text.split()[-1])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", pdf([["First"], ["Second \u2013 page"]], Title="Of ships", Author="Jane Doe")),
        ("a.html", b"<title>T</title><p>Words of a page.</p><p>Share</p>"),
        ("a.docx", docx("# Of ships", "A paragraph.")),
        ("a.zip", zip_of(**{"a.txt": b"Words", "b.jpg": b"x", "c.pdf": b"no"})),
        ("a.md", b"---\ntitle: T\n---\nWords"),
        ("big.txt", "Wörter und mehr. ".encode() * 20_000),
        ("\udcff name.csv", b"Words \xf0\x9f\x97\xbc"),
    ],
)
def test_the_same_as_in_process(tmp_path: Path, sound: Parser, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    here, there = (read(path, max_bytes=10**6) for read in (read_all, sound))
    assert len(here) == len(there)
    for one, other in zip(here, there, strict=True):
        assert (one.name, one.sha256) == (other.name, other.sha256)
        assert type(one.content) is type(other.content)
        assert str(one.content) == str(other.content)


def test_errors_keep_their_kind(tmp_path: Path, sound: Parser) -> None:
    (tmp_path / "a.pdf").write_bytes(ENCRYPTED_PDF)
    with pytest.raises(LockedError, match="encrypted"):
        sound(tmp_path / "a.pdf", max_bytes=10**6)
    (tmp_path / "a.xyz").write_bytes(b"x")
    with pytest.raises(UnsupportedError, match="not read"):
        sound(tmp_path / "a.xyz", max_bytes=10**6)
    with pytest.raises(ReadError, match="does not exist"):
        sound(tmp_path / "none.pdf", max_bytes=10**6)


def test_small_text_needs_no_process(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Words", encoding="utf-8")
    parser = Parser(worker=("-c", "raise SystemExit(1)"))
    assert parser(tmp_path / "a.txt", max_bytes=100)[0].sha256
    (tmp_path / "a.html").write_text("Words", encoding="utf-8")
    with pytest.raises(ReadError, match=r"did not start \(exit code 1\)"):
        parser(tmp_path / "a.html", max_bytes=100)
    parser.close()


def test_one_worker_reads_many_files_and_prints_nothing(tmp_path: Path, parser: Parser) -> None:
    assert worker_of(parser, tmp_path) == worker_of(parser, tmp_path) != os.getpid()


def test_a_file_that_hangs(tmp_path: Path, parser: Parser) -> None:
    began = time.monotonic()
    assert "longer than 1 s; split it or raise index.parse_seconds" in error(
        parser, tmp_path / "a.hang"
    )
    assert time.monotonic() - began < 10
    assert worker_of(parser, tmp_path)


@needs_signals
def test_a_file_that_eats_memory(tmp_path: Path, parser: Parser) -> None:
    message = error(parser, tmp_path / "a.eat")
    assert "more than 512 MB of memory; split it or raise index.parse_memory_mb" in message
    assert worker_of(parser, tmp_path)


@needs_signals
def test_files_that_crash_their_reader(tmp_path: Path, parser: Parser) -> None:
    assert "the reader crashed on it (SIGABRT)" in error(parser, tmp_path / "a.abort")
    assert "the reader crashed on it (exit code 3)" in error(parser, tmp_path / "a.exit")
    before = worker_of(parser, tmp_path)
    assert "the reader failed (KeyError: 'no such\\nkey')" in error(parser, tmp_path / "a.mistake")
    assert worker_of(parser, tmp_path) == before


@needs_signals
def test_a_worker_killed_between_files_is_replaced(tmp_path: Path, parser: Parser) -> None:
    victim = worker_of(parser, tmp_path)
    os.kill(victim, signal.SIGKILL)
    assert worker_of(parser, tmp_path) != victim


def test_a_bad_member_costs_only_itself(tmp_path: Path, parser: Parser) -> None:
    data = zip_of(**{"a.txt": b"First", "b.exit": b"x", "c.txt": b"Third", "d.exit": b"x"})
    (tmp_path / "a.zip").write_bytes(data)
    found = parser(tmp_path / "a.zip", max_bytes=1000)
    assert [part.name for part in found] == ["a.txt", "b.exit", "c.txt", "d.exit"]
    failed = [part.name for part in found if isinstance(part.content, ReadError)]
    assert failed == ["b.exit", "d.exit"]
    (tmp_path / "b.zip").write_bytes(zip_of(**{f"{n}.exit": b"x" for n in range(9)}))
    with pytest.raises(ReadError, match=r"broke off 3 times, last on '2\.exit'"):
        parser(tmp_path / "b.zip", max_bytes=1000)


def test_a_library_goes_on_after_a_bad_file(tmp_path: Path, parser: Parser) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.csv").write_text("The lamp was lit at five.", encoding="utf-8")
    (docs / "b.exit").write_bytes(b"x")
    (docs / "c.csv").write_text("The quay was raised.", encoding="utf-8")
    library = Library(tmp_path / "home", HashEmbedder(), LibrarySettings(), read=parser)
    report = library.add([docs])
    library.close()
    assert [Path(each).name for each in report.added] == ["a.csv", "c.csv"]
    assert [(Path(p.path).name, "crashed" in p.reason) for p in report.failed] == [("b.exit", True)]


def test_closing_ends_the_worker(tmp_path: Path) -> None:
    parser = Parser(worker=HOSTILE)
    worker = worker_of(parser, tmp_path)
    parser.close()
    assert not psutil.pid_exists(worker)
    assert worker_of(parser, tmp_path) != worker
    parser.close()


def test_no_module_among_the_documents_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "zipfile", "index"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)", encoding="utf-8")
    (tmp_path / "a.csv").write_text("Words", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    parser = Parser()
    assert parser(Path("a.csv"), max_bytes=100)[0].sha256
    parser.close()


PARENT = """
import sys
from pathlib import Path
from index.parse import Parser
parser = Parser(worker=(sys.argv[1],))
(part,) = parser(Path(sys.argv[2]), max_bytes=1000)
print(part.content.text, flush=True)
{then}
"""


def started(tmp_path: Path, then: str) -> subprocess.Popen[str]:
    """A program, given on standard input, that prints its worker and then does something."""
    (tmp_path / "a.print").write_bytes(b"x")
    (tmp_path / "a.hang").write_bytes(b"x")
    (tmp_path / "a.interrupt").write_bytes(b"x")
    process = subprocess.Popen(
        [sys.executable, "-", *HOSTILE, str(tmp_path / "a.print")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    process.stdin.write(PARENT.format(then=then))
    process.stdin.close()
    return process


def ended(pid: int) -> bool:
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


ENDINGS = {
    "without a close": "",
    "killed": "import os; os.kill(os.getpid(), 9)",
    "killed while parsing": """import threading, os
threading.Timer(0.2, os.kill, (os.getpid(), 9)).start()
parser(Path(sys.argv[2]).with_suffix('.hang'), max_bytes=1000)""",
    "Ctrl-C while parsing": "parser(Path(sys.argv[2]).with_suffix('.interrupt'), max_bytes=1000)",
}


@needs_signals
def test_the_worker_ends_with_its_parent(tmp_path: Path) -> None:
    processes = {name: started(tmp_path, then) for name, then in ENDINGS.items()}  # at once
    for name, process in processes.items():
        with process:
            assert process.stdout is not None
            worker = int(process.stdout.readline().split()[-1])
            process.wait(timeout=20)
        assert ended(worker), name


def test_the_worker_imports_nothing_heavy() -> None:
    code = (
        "import sys, index.worker;"
        "print({'torch', 'numpy', 'faiss', 'sqlite3', 'sentence_transformers', 'rag'}"
        " & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "set()"
