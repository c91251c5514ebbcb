"""What stands before the page: who may ask for what, and what the browser is told to forbid.

Plain ASGI and deny by default. Gradio brings routes that fetch URLs for the caller, take uploads
and hand out files; the page needs none of them, so only the routes that it does need are open.
"""

from __future__ import annotations

import ipaddress
import json
import re
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 64 * 1024
"""Bytes of a request. The longest question that can be set (10,000 characters) fits."""

_OPEN = frozenset(
    {
        "/",
        "/page.css",
        "/page.js",
        "/theme.css",
        "/healthz",
        "/api/ask",
        "/api/documents",
        "/api/search",
        "/gradio_api/app_id",
        "/gradio_api/queue/join",
        "/gradio_api/queue/data",
        "/gradio_api/run/predict",
        "/gradio_api/cancel",
        "/gradio_api/reset",
    }
)
_OPEN_FOLDERS = ("/api/receipts/", "/assets/", "/static/", "/gradio_api/heartbeat/")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

# Gradio evaluates its components' templates, hence 'unsafe-eval'. Inline scripts and handlers,
# which is what injected markup would be made of, run only with the page's own nonce.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' 'nonce-{nonce}'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_OTHER_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), clipboard-read=()",
}


class Guard:
    """ASGI middleware; the outermost.

    hosts  names besides IP addresses, localhost and this machine's own under which the page is
           reached. Others are refused: a foreign name that resolves to this machine would let a
           foreign page read the answers (DNS rebinding).
    dress  rewrites the page's HTML, given its nonce
    """

    def __init__(
        self, app: App, *, hosts: Iterable[str] = (), dress: Callable[[str, str], str]
    ) -> None:
        own = socket.gethostname().lower()
        self._app = app
        self._hosts = frozenset({"localhost", own, f"{own}.local", *map(str.lower, hosts)})
        self._dress = dress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        refusal = self._refusal(scope["method"], scope["path"], headers)
        if refusal:
            await _refuse(send, *refusal)
            return
        if scope["method"] not in _READING:
            body = await _body(receive)
            if body is None:
                await _refuse(send, 413, "The request is too large.")
                return
            if scope["path"].startswith("/gradio_api/") and not _is_flat(body):
                await _refuse(send, 400, "The request is not one that the page makes.")
                return
            receive = _replay(body, receive)
        if scope["path"] == "/":
            await self._page(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send, _OTHER_POLICY))

    def _refusal(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._known(host):
            return 403, f"{host or 'No host'} is not a name of this desk."
        if path not in _OPEN and not path.startswith(_OPEN_FOLDERS):
            if path.startswith("/gradio_api/"):
                return 403, "The page has no use for this address."
            return 404, "There is nothing at this address."
        if method not in _READING and not _same_origin(host, headers):
            return 403, "Requests from other sites are refused."
        return None

    def _known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Holds the page back until it is whole, and sends it dressed."""
        plain = [pair for pair in scope["headers"] if pair[0].lower() != b"accept-encoding"]
        nonce = secrets.token_urlsafe(16)
        started: Message = {}
        held = bytearray()

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            if message["type"] != "http.response.body":
                return
            held.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            body = self._dress(held.decode(), nonce).encode()
            kept = [pair for pair in started["headers"] if pair[0].lower() != b"content-length"]
            kept += [(b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
            out = _with_headers(send, _PAGE_POLICY.format(nonce=nonce))
            await out({**started, "headers": kept})
            await out({"type": "http.response.body", "body": body})

        await self._app({**scope, "headers": plain}, receive, hold)


def with_nonce(html: str, nonce: str) -> str:
    """The page with `nonce` on each of its scripts. Data inside scripts must hold no `<`."""
    return re.sub(r"<script(?=[\s>])", f'<script nonce="{nonce}"', html)


def _same_origin(host: str, headers: dict[str, str]) -> bool:
    origin = headers.get("origin")
    if origin is None:
        # Programs send neither header; browsers always send one of them.
        return headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _is_flat(body: bytes) -> bool:
    """Whether the inputs are plain values: Gradio fetches URLs that it finds in nested ones."""
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(call, dict):
        return False
    data = call.get("data", [])
    return isinstance(data, list) and not any(isinstance(each, dict | list) for each in data)


async def _body(receive: Receive) -> bytes | None:
    held = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(held)
        held.extend(message.get("body", b""))
        if len(held) > MAX_BODY:
            return None
        if not message.get("more_body"):
            return bytes(held)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(send: Send, policy: str) -> Send:
    ours = {**_HEADERS, "content-security-policy": policy}
    added = [(name.encode(), value.encode()) for name, value in ours.items()]

    async def out(message: Message) -> None:
        if message["type"] == "http.response.start":
            theirs = [pair for pair in message["headers"] if pair[0].lower().decode() not in ours]
            message = {**message, "headers": theirs + added}
        await send(message)

    return out


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"error": reason}).encode()
    out = _with_headers(send, _OTHER_POLICY)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await out({"type": "http.response.start", "status": status, "headers": headers})
    await out({"type": "http.response.body", "body": body})
