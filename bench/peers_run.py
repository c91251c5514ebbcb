"""The other programs' processes, for bench/peers.py: started, given their work, heard."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from rag.build import Parts

ROOT = Path(__file__).resolve().parent.parent
CONTEXT = 4096
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
}


def models(parts: Parts) -> dict[str, Any]:
    """What every program is given: see `Job` in bench/peers/service.py."""
    generator, embedder = parts.chosen.entry("generator"), parts.chosen.entry("embedder")
    return {
        "generator": str(parts.models.locate(generator.name) / generator.main_file.name),
        "embedder": str(parts.models.locate(embedder.name)),
        "threads": len(os.sched_getaffinity(0)),
        "context": CONTEXT,
    }


def command(
    given: argparse.Namespace, name: str, verb: str, job: dict[str, Any], place: Path, log: TextIO
) -> subprocess.Popen[str]:
    file = place / f"{name}.json"
    file.write_text(json.dumps(job), encoding="utf-8")
    return subprocess.Popen(
        [given.python.absolute(), ROOT / "bench" / "peers" / f"on_{name}.py", verb, file],
        env={**os.environ, **OFFLINE},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


@contextmanager
def output(given: argparse.Namespace, name: str) -> Iterator[TextIO]:
    """Where a program's own output goes."""
    if not given.logs:
        yield sys.stderr
        return
    given.logs.mkdir(parents=True, exist_ok=True)
    with (given.logs / f"{given.verb}-{name}.log").open("w", encoding="utf-8") as file:
        yield file


def received(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{name} ended with status {process.wait()}: see what it printed.")
    message: dict[str, Any] = json.loads(line)
    return message
