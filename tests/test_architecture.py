"""The properties of the house that no single module can hold."""

from __future__ import annotations

import argparse
import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rag import config
from ui import cli, commands

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(path for name in ("index", "rag", "ui") for path in (ROOT / name).glob("*.py"))
MAY_IMPORT = {"index": {"index"}, "rag": {"rag", "index"}, "ui": {"ui", "rag", "index"}}
ONLY_IN = {
    "sentence_transformers": "index/embed.py",
    "openvino": "index/openvino.py",
    "nncf": "index/quantise.py",
    "torch": "index/quantise.py",
    "faiss": "index/vectors.py",
    "sqlite3": "index/database.py",
    "tantivy": "index/tantivy.py",
    "rapidfuzz": "index/spelling.py",
    "watchfiles": "index/watch.py",
    "pypdfium2": "index/formats.py",
    "docx": "index/office.py",
    "pptx": "index/office.py",
    "openpyxl": "index/office.py",
    "trafilatura": "index/formats.py",
    "llama_cpp": "rag/native.py rag/probe.py",  # the second asks for its devices
    "psutil": "rag/machine.py",
    "gradio": "ui/web.py",
    "uvicorn": "ui/server.py",
}


@functools.cache
def imports(path: Path) -> frozenset[str]:
    """The top-level names of all that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return frozenset(found)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_imports_go_down_only(path: Path) -> None:
    ours = imports(path) & set(MAY_IMPORT)
    assert ours <= MAY_IMPORT[path.parent.name]


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_heavy_package_is_imported_in_one_place(package: str) -> None:
    users = {f"{path.parent.name}/{path.name}" for path in MODULES if package in imports(path)}
    assert users == set(ONLY_IN[package].split())


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ui.cli import main; main(['--help']); "
        "print(sorted({'numpy', 'torch', 'gradio', 'faiss', 'llama_cpp', 'sqlite3', 'rag'}"
        " & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert run.stdout.splitlines()[-1] == "[]"


def leaf_commands() -> list[str]:
    names = []

    def walk(parser: argparse.ArgumentParser, prefix: str) -> None:
        subs = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not subs:
            names.append(prefix)
        for action in subs:
            for name, sub in action.choices.items():
                walk(sub, f"{prefix} {name}".strip())

    walk(cli.parser(), "")
    return names


def test_every_command_has_a_function_and_is_documented() -> None:
    assert set(leaf_commands()) == set(commands.COMMANDS)
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    missing = [name for name in leaf_commands() if f"## `refdesk {name}" not in text]
    assert not missing


def test_every_option_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    options = set()

    def walk(parser: argparse.ArgumentParser) -> None:
        for action in parser._actions:
            options.update(o for o in action.option_strings if o.startswith("--"))
            if isinstance(action, argparse._SubParsersAction):
                for sub in action.choices.values():
                    walk(sub)

    walk(cli.parser())
    assert sorted(option for option in options if f"`{option}" not in text) == []


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = config.describe(config.load(environment={}))
    for row in rows[1:]:
        line = re.search(rf"^\| `{re.escape(row.name)}` \|(.*)$", text, re.MULTILINE)
        assert line, row.name
        value = str(row.default).lower() if isinstance(row.default, bool) else str(row.default)
        assert f"`{value}`" in line.group(1) or (value == "" and "empty" in line.group(1)), row.name
        assert row.help in line.group(1), row.name


def file_map() -> set[str]:
    """The files that the README's map names: a folder's are indented below it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named, folder = set(), ""
    for line in text.split("## File map")[1].split("```")[1].splitlines():
        name = line.split()[0] if line.strip() else ""
        if line.startswith("  "):
            named.add(folder + name)
        else:
            folder = name
            named.add(name)
    return named


def test_the_readmes_file_map_is_complete() -> None:
    wanted = {f"{path.parent.name}/{path.name}" for path in MODULES if path.name != "__init__.py"}
    wanted |= {f"bench/{path.name}" for path in (ROOT / "bench").glob("*.py")}
    wanted |= {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    assert sorted(wanted - file_map()) == []
    assert sorted(name for name in file_map() if not (ROOT / name).exists()) == []


def test_links_in_the_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
