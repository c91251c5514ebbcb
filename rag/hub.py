"""Fetches a model's files from a Hugging Face hub, or a mirror of one that HF_ENDPOINT names.

Where there is no hub it says so within seconds; a broken connection is taken up again at the byte
where it broke.
"""

from __future__ import annotations

import os
import queue
import socket
import threading
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import ChecksumError
from rag.fetch import Job, Unavailable
from rag.manifest import ModelFile, Source

if TYPE_CHECKING:
    import httpx

__all__ = ["from_hub"]

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
TRIES = 4


def from_hub(job: Job, source: Source) -> None:
    """Download what the job has left.

    Raises Unavailable and ChecksumError.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise Unavailable("offline")
    import httpx
    from huggingface_hub import hf_hub_url

    # Passed on since the package itself reads the variable only once, when it is imported.
    endpoint = os.environ.get("HF_ENDPOINT") or None
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    try:
        with httpx.Client(timeout=timeout, follow_redirects=True) as client:
            for number, file in enumerate(tuple(job.left)):
                url = hf_hub_url(
                    source.repo, file.name, revision=source.revision, endpoint=endpoint
                )
                if number == 0:
                    _reach(url)
                _fetch(job, client, url, file, job.part(file, source.kind))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(str(error) or type(error).__name__) from error


def _reach(url: str) -> None:
    """Open and close one connection. In a thread: looking a name up knows no time limit, and a host
    with eight addresses takes eight times the connection's.

    Raises Unavailable.
    """
    target = urllib.parse.urlsplit(url)
    host, scheme = target.hostname or "", target.scheme
    if urllib.request.getproxies().get(scheme) and not urllib.request.proxy_bypass(host):
        return  # names are the proxy's to look up
    answer: queue.SimpleQueue[str] = queue.SimpleQueue()

    def connect() -> None:
        try:
            port = target.port or (443 if scheme == "https" else 80)
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
            answer.put("")
        except OSError as error:
            answer.put(error.strerror or str(error))
        except ValueError as error:
            answer.put(str(error))

    threading.Thread(target=connect, daemon=True).start()
    try:
        problem = answer.get(timeout=CONNECT_SECONDS + 1)
    except queue.Empty:
        problem = "no answer"
    if problem:
        raise Unavailable(f"no way to {host} ({problem})")


def _fetch(job: Job, client: httpx.Client, url: str, file: ModelFile, part: Path) -> None:
    resumed = _size(part) > 0
    _download(job, client, url, file, part)
    try:
        job.accept(file, part)
    except ChecksumError:
        if not resumed:
            raise
        # What lay there may have been of another revision: once more from the start.
        _download(job, client, url, file, part)
        job.accept(file, part)


def _download(job: Job, client: httpx.Client, url: str, file: ModelFile, part: Path) -> None:
    """Gather a file, going on after a broken connection as long as each try brings something."""
    import httpx

    for attempt in range(1, TRIES + 1):
        before = _size(part)
        if before == file.bytes:
            return
        problem = "it ended early"
        try:
            _receive(job, client, url, file, part)
        except httpx.TransportError as error:
            problem = str(error) or type(error).__name__
        size = _size(part)
        if size >= file.bytes:
            return  # if too long, accept() refuses it
        if before and not size:
            continue  # the range was refused: from the start
        if size <= before or attempt == TRIES:
            raise Unavailable(
                f"{file.name} stopped at {size} of {file.bytes} bytes ({problem}); "
                "the next pull goes on from there"
            )


def _receive(job: Job, client: httpx.Client, url: str, file: ModelFile, part: Path) -> None:
    start = _size(part)
    headers = {"Accept-Encoding": "identity"}
    if 0 < start < file.bytes:
        headers["Range"] = f"bytes={start}-"
    with client.stream("GET", url, headers=headers) as response:
        status = response.status_code
        if status not in (200, 206, 416):
            raise Unavailable(f"{status} {response.reason_phrase} for {url}")
        span = response.headers.get("Content-Range", "")
        resumed = status == 206 and span.startswith(f"bytes {start}-")
        with part.open("r+b" if resumed else "wb") as target:
            target.seek(start if resumed else 0)
            if status != 200 and not resumed:
                return
            for chunk in response.iter_raw():
                target.write(chunk)
                job.tell(target.tell())
                if target.tell() > file.bytes:
                    return


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
