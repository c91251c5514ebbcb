"""Serving the page: a port claimed with a clear answer, word when it is ready, a clean end."""

from __future__ import annotations

import contextlib
import errno
import http.client
import ipaddress
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

from index.errors import ServeError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

log = logging.getLogger("refdesk")

_PATIENCE_S = 1
"""How long requests under way may take once the end is asked for."""


def claim_port(host: str, port: int) -> None:
    """Finds out, before anything slow is done, whether the page can be served there.

    Raises ServeError: the port is in use or needs rights, the host is not this machine's.
    """
    _bound(host, port).close()


def serve(app: FastAPI, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serves `app` until SIGINT or SIGTERM, then ends within seconds, whatever is under way.

    on_ready  called once, in a thread of its own, with the page's address when it answers

    Raises ServeError as `claim_port` does.
    """
    import uvicorn

    class Server(uvicorn.Server):
        """Ends what streams at the first signal, and lets the caller return after it."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            if threading.current_thread() is not threading.main_thread():
                yield
                return
            kinds = (signal.SIGINT, signal.SIGTERM)
            before = {kind: signal.signal(kind, self.handle_exit) for kind in kinds}
            try:
                yield
            finally:
                for kind, handler in before.items():
                    signal.signal(kind, handler)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            # In a thread: a signal may come while the lock that this takes is held.
            threading.Thread(target=app.state.askings.close, daemon=True).start()

    bound = _bound(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_PATIENCE_S,
        # Whoever runs a proxy before the page says so; no caller is believed on its word.
        proxy_headers=False,
    )
    server = Server(config)
    address = _address(host, bound.getsockname()[1])
    waiting = threading.Thread(
        target=_announce, args=(server, address, on_ready), name="refdesk-ready", daemon=True
    )
    with bound:
        waiting.start()
        server.run(sockets=[bound])


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens to nothing yet but keeps the port for us."""
    at = f"Port {port} on {host}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError, OverflowError) as exc:
        raise ServeError(
            f"{host!r} is not an address. Use 127.0.0.1 for this machine only, or one of its "
            "addresses with `refdesk serve --host`."
        ) from exc
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            # A port that was given back a moment ago; elsewhere it would share one in use.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        # Another program may be bound to the port and listen to it only now.
        bound.listen(128)
    except OSError as exc:
        bound.close()
        if exc.errno == errno.EADDRINUSE:
            raise ServeError(
                f"{at} is in use. Stop the other program or choose another with "
                "`refdesk serve --port`."
            ) from exc
        if exc.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            raise ServeError(
                f"{host} is not an address of this machine. Use 127.0.0.1, or one of its "
                "addresses with `refdesk serve --host`."
            ) from exc
        if exc.errno in (errno.EACCES, errno.EPERM):
            raise ServeError(
                f"{at} needs an administrator's rights. Choose one from 1024 on with "
                "`refdesk serve --port`."
            ) from exc
        raise ServeError(f"{at} cannot be served: {exc.strerror}.") from exc
    return bound


def _address(host: str, port: int) -> str:
    """The page's address as this machine's browser reaches it."""
    with contextlib.suppress(ValueError):
        known = ipaddress.ip_address(host)
        if known.is_unspecified:
            host = "127.0.0.1" if known.version == 4 else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(server: uvicorn.Server, address: str, on_ready: Callable[[str], None]) -> None:
    place = address.removeprefix("http://")
    while not server.should_exit:
        try:
            asked = http.client.HTTPConnection(place, timeout=5)
            with contextlib.closing(asked):
                asked.request("GET", "/healthz")
                if asked.getresponse().status == 200:
                    break
        except OSError:
            pass
        time.sleep(0.05)
    else:
        return
    try:
        on_ready(address)
    except Exception:
        log.exception("The word that the page is ready could not be passed on")
