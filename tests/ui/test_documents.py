"""The commands about documents, with a real library; only the embedder is a fake."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rag.build import Parts
from tests.fakes import HashEmbedder
from tests.index.files import zip_of
from ui.cli import main
from ui.shown import dropped, pieces

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Parts, "embedder", HashEmbedder())
    monkeypatch.setenv("REFDESK_HOME", str(tmp_path / "home"))
    docs = tmp_path / "docs"
    docs.mkdir()
    for n, date in enumerate(("2023-05", "2024-02-10", "2024-06")):
        text = f"---\ntitle: Note {n}\ndate: {date}\n---\n\nThe ferry number {n} left at noon.\n"
        (docs / f"{n}.md").write_text(text)
    monkeypatch.chdir(tmp_path)
    return docs


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*argv: str) -> tuple[int, str, str]:
        code = main(list(argv))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def names(run: Any, *argv: str) -> list[str]:
    code, out, err = run(*argv, "--json")
    assert code == 0, err
    return sorted({Path(each.get("path") or each["document"]).name for each in json.loads(out)})


def test_reindex(run: Any, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("add", "docs")[0] == 0
    assert run("reindex")[1].startswith("nothing to do")
    monkeypatch.setattr(Parts, "embedder", HashEmbedder("other"))
    code, _, err = run("search", "ferry")
    assert code == 1
    assert "`refdesk reindex`" in err
    shutil.rmtree(place)
    assert run("reindex")[:2] == (0, "3 embedded anew\n")
    assert run("search", "ferry")[0] == 0


@pytest.mark.skipif(os.name == "nt", reason="names that Windows has not")
def test_odd_names_stay_on_one_line(run: Any, place: Path) -> None:
    (place / "a\nb\x1b[31m.txt").write_text("The lamp was lit at five.")
    (place / "c\nd.txt").write_text("")
    code, out, err = run("add", "docs/a\nb\x1b[31m.txt", "docs/c\nd.txt")
    assert (code, out) == (1, "1 added, 1 failed\n")
    told = [line for line in err.splitlines() if not line.startswith("Reading")]
    assert told == [r"refdesk: not added: docs/c\nd.txt: is empty: there is nothing to index"]
    assert rf"{place}/a\nb\x1b[31m.txt" in run("list")[1].splitlines()[-1]


def test_collections_and_tags(run: Any) -> None:
    assert run("add", "docs/0.md", "docs/1.md", "--collection", "news", "--tag", "sea")[0] == 0
    assert run("add", "docs/2.md", "--tag", "sea", "--tag", "new")[:2] == (0, "1 added\n")
    assert run("collections")[1].split() == ["1", "(in", "none)", "2", "news"]
    assert json.loads(run("collections", "--json")[1])[1] == {"name": "news", "documents": 2}
    assert names(run, "list", "--collection", "news") == ["0.md", "1.md"]
    assert names(run, "list", "--tag", "sea", "--tag", "new") == ["2.md"]
    assert "news" in run("list")[1]
    assert run("list", "--collection", "nwes")[2].startswith("No document is filed so")
    assert names(run, "search", "ferry", "--collection", "news") == ["0.md", "1.md"]
    assert names(run, "search", "ferry", "--tag", "new") == ["2.md"]
    assert names(run, "search", "ferry", "--document", "1.md", "--document", "2.md") == [
        "1.md",
        "2.md",
    ]
    assert names(run, "search", "ferry", "--since", "2024", "--until", "2024-05") == ["1.md"]
    code, _, err = run("search", "ferry", "--collection", "nwes")
    assert code == 1
    assert "refdesk collections" in err
    code, _, err = run("search", "ferry", "--since", "last year")
    assert code == 2
    assert "2026-03-01" in err
    assert "in these limits" in run("search", "ferry", "--since", "2030")[2]


def test_edit(run: Any) -> None:
    run("add", "docs")
    out = run("edit", "1.md", "--title", "The ferry", "--date", "2024-03", "--source", "Gazette",
              "--author", "A. Reed", "--collection", "news", "--tag", "sea")[1]  # fmt: skip
    assert "The ferry (corrected)" in out
    (entry,) = json.loads(run("list", "--collection", "news", "--json")[1])
    assert (entry["title"], entry["date"], entry["source"], entry["author"], entry["tags"]) == (
        "The ferry", "2024-03", "Gazette", "A. Reed", ["sea"])  # fmt: skip
    run("edit", "1.md", "--date", "unknown", "--untag", "sea", "--collection", "")
    (entry,) = [each for each in json.loads(run("list", "--json")[1]) if "1.md" in each["path"]]
    assert (entry["date"], entry["tags"], entry["collections"]) == (None, [], [])
    assert "2024-02-10" in run("edit", "1.md", "--reset")[1]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--date", "10/02/2024"], "2026-03-01"),
        (["--date", "2024-13"], "2026-03-01"),
        (["--title", " "], "title is empty"),
        (["--author", ""], "--author unknown"),
        ([], "edit --help"),
    ],
)
def test_edits_that_cannot_be(run: Any, argv: list[str], message: str) -> None:
    run("add", "docs")
    code, _, err = run("edit", "1.md", *argv)
    assert code == 2
    assert message in err


def test_a_copy_is_listed_and_removed_by_its_place(run: Any, place: Path) -> None:
    run("add", "docs/0.md")
    (place / "copy.md").write_bytes((place / "0.md").read_bytes())
    assert run("add", "docs/copy.md")[1] == "1 copies of what is held\n"
    (entry,) = json.loads(run("list", "--json")[1])
    assert entry["origins"] == [str(place / "0.md"), str(place / "copy.md")]
    assert str(place / "copy.md") in run("list")[1]
    assert "it stays for" in run("remove", "0.md")[1]
    assert run("remove", "copy.md")[1].startswith("removed Note 0")
    assert json.loads(run("list", "--json")[1]) == []


def test_remove_twice_named(run: Any) -> None:
    run("add", "docs")
    code, out, _ = run("remove", "1", "0.md", "2.md")
    assert code == 0
    assert out.count("removed") == 2


def test_an_archive_is_removed_with_all_that_it_holds(run: Any, place: Path) -> None:
    (place / "news.zip").write_bytes(zip_of(**{"a.txt": b"The quay rose.", "b.txt": b"Fog came."}))
    assert run("add", "docs/news.zip", "docs/0.md")[1] == "3 added\n"
    assert "news.zip!/a.txt, characters" in run("search", "quay")[1]
    code, out, _ = run("remove", "docs/news.zip", "3")
    assert (code, out.splitlines()[0]) == (0, "removed 2 documents of docs/news.zip")
    assert out.splitlines()[1].startswith("removed Note 0")
    assert run("remove", "news.zip")[0] == 1


def test_sync(run: Any, place: Path) -> None:
    code, out, err = run("sync", "docs", "--collection", "news")
    assert (code, out) == (0, "3 added\n")
    assert "Reading" in err
    (place / "0.md").rename(place / "zero.md")
    (place / "1.md").unlink()
    assert run("sync", "docs")[1] == "1 moved, 1 removed, 1 unchanged\n"
    for file in place.iterdir():
        file.unlink()
    code, out, err = run("sync", "docs")
    assert code == 1
    assert "sync docs --delete" in err
    assert run("sync", "docs", "--delete")[:2] == (0, "2 removed\n")
    code, _, err = run("sync", "nowhere")
    assert code == 2
    assert "nowhere" in err


def test_show_marks_what_was_left_out(run: Any, place: Path) -> None:
    page = "Home\nNews\nSport\nSubscribe\nThe tide\n\n" + "The tide rose by four metres. " * 9
    page += "\n\nShare this article\nFacebook\nTwitter\nLeave a comment\n"
    (place / "page.txt").write_text(page)
    run("add", "docs/page.txt")
    shown = json.loads(run("show", "page.txt", "--json")[1])
    left = [page[start:end] for start, end in shown["dropped"]]
    assert any("Facebook" in each for each in left)
    spans = sorted([*shown["body"], *shown["dropped"]])
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))
    told = "".join(page[start:end] for start, end in spans)
    assert "".join(told.split()) == "".join(page.split())
    out = run("show", "page.txt")[1]
    assert "  ┊ Facebook\n" in out
    assert "\nThe tide rose by four metres." in out
    assert run("show", "page.txt", "--text")[1] == page


def test_left_out_parts() -> None:
    text = "Menu\nThe tide rose. Share this!\n\nIt fell again.\n  Footer \x1b[31m\n"
    kept = [(5, 19), (33, 47)]
    left = dropped(text, kept)
    assert [text[start:end] for start, end in left] == ["Menu", "Share this!", "Footer \x1b[31m"]
    assert list(pieces(text, left, dim=False)) == [
        "  ┊ Menu",
        "The tide rose. ",
        "  ┊ Share this!",
        "",
        "It fell again.",
        "  ┊ Footer [31m",
    ]
    assert next(pieces(text, left, dim=True)) == "\x1b[2m  ┊ Menu\x1b[0m"
    assert dropped(text, [(0, len(text))]) == []
    assert dropped("", []) == []


WATCH = """
import functools, sys
from index import watch
from rag.build import Parts
from tests.fakes import HashEmbedder
from ui.cli import main
Parts.embedder = HashEmbedder()
watch.changes = functools.partial(watch.changes, every_s=0.2)
sys.exit(main(["watch", *sys.argv[1:]]))
"""


@pytest.mark.parametrize(
    ("options", "how"),
    [([], signal.SIGINT), (["--poll"], signal.SIGTERM)],
    ids=["told", "polled"],
)
def test_watch(place: Path, tmp_path: Path, options: list[str], how: signal.Signals) -> None:
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", WATCH, str(place), *options],
            stdout=out, stderr=subprocess.STDOUT, cwd=ROOT,
            env={**os.environ, "REFDESK_HOME": str(tmp_path / "home")},
        )  # fmt: skip

    def said(pattern: str) -> bool:
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None:
            if re.search(pattern, log.read_text()):
                return True
            time.sleep(0.05)
        return False

    try:
        assert said("added: .*2.md"), log.read_text()
        (place / "new.md").write_text("# New\n\nA new ferry came.\n")
        assert said("added: .*new.md"), log.read_text()
        (place / "new.md").rename(place / "newer.md")
        assert said("moved: .*new.md → .*newer.md"), log.read_text()
        process.send_signal(how)
        assert process.wait(15) == 0
        assert "Stopped" in log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.wait()
