"""Serving: claimed ports, word when ready, and an end that does not wait."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import ServeError
from ui.server import claim_port

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
    from tests.ui.fake_desk import FakeDesk
    from ui.server import serve
    from ui.web import create_app
    serve(create_app(FakeDesk()), "127.0.0.1", 0, lambda url: print(url, flush=True))
    print("ended", flush=True)
"""


ENDINGS = (signal.SIGINT, signal.SIGTERM)
Programs = dict[signal.Signals, tuple[subprocess.Popen[str], str]]


def started() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    """A served page for each way to end it, in a process of its own, and its address.

    Importing Gradio is what takes time: they do it at once.
    """
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(started()) for _ in ENDINGS]
        for process in running:
            stack.callback(process.kill)
        found: Programs = {}
        for sign, process in zip(ENDINGS, running, strict=True):
            assert process.stdout
            found[sign] = process, process.stdout.readline().strip()
        yield found


# Before those that end what is served.
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts what Linux tells")
def test_it_rests_while_nobody_asks(programs: Programs) -> None:
    process, address = programs[signal.SIGTERM]
    urllib.request.urlopen(f"{address}/").close()  # from here on Gradio's queue runs

    def woken() -> int:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        return int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)[0])

    time.sleep(1)  # what belongs to the first page
    before = woken()
    time.sleep(2)
    assert woken() - before < 200  # Gradio's own pace is 2,000


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX has them")
@pytest.mark.parametrize("sign", ENDINGS)
def test_a_signal_ends_it_within_seconds_while_it_answers(
    programs: Programs, sign: signal.Signals
) -> None:
    process, address = programs[sign]
    with urllib.request.urlopen(f"{address}/healthz") as answer:
        assert json.load(answer) == {"status": "ok"}
    asked = urllib.request.Request(
        f"{address}/api/ask",
        json.dumps({"question": "endless", "stream": True}).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(asked) as stream:
        while json.loads(stream.readline())["event"] != "token":
            pass
        started = time.monotonic()
        process.send_signal(sign)
        assert process.wait(10) == 0
        assert time.monotonic() - started < 5

    out, err = process.communicate()
    assert out.strip() == "ended"
    assert err == ""


def test_a_port_in_use_is_told_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(ServeError) as told:
            claim_port("127.0.0.1", port)

    assert str(told.value) == (
        f"Port {port} on 127.0.0.1 is in use. Stop the other program or choose another with "
        "`refdesk serve --port`."
    )


def test_a_free_port_is_left_free() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]

    claim_port("127.0.0.1", port)
    claim_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "said"),
    [("203.0.113.1", "is not an address of this machine"), ("not a host", "is not an address")],
)
def test_another_host_is_told(host: str, said: str) -> None:
    with pytest.raises(ServeError, match=said):
        claim_port(host, 7860)


def test_a_privileged_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", forbid)

    with pytest.raises(
        ServeError, match=r"Port 80 on 127\.0\.0\.1 needs an administrator's rights"
    ):
        claim_port("127.0.0.1", 80)
