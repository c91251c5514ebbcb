"""The page in a real browser, served by the real server, over a desk with a script."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page

    from tests.ui.pages import Served


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    from tests.ui.fake_desk import FakeDesk
    from tests.ui.pages import Served
    from ui.server import serve
    from ui.web import create_app

    desk = FakeDesk(pace_s=0.02)
    app = create_app(desk)
    ready = threading.Event()
    addresses: list[str] = []

    def on_ready(address: str) -> None:
        addresses.append(address)
        ready.set()

    # The server ends with the process: outside the main thread no signal reaches it.
    threading.Thread(target=serve, args=(app, "127.0.0.1", 0, on_ready), daemon=True).start()
    assert ready.wait(30)
    yield Served(desk, addresses[0])
    app.state.askings.close()


@pytest.fixture
def page(browser: BrowserContext, served: Served) -> Iterator[Page]:
    """A fresh page. Afterwards: it asked only this machine, and the console holds no error."""
    from tests.ui.pages import opened, until

    page = browser.new_page()
    asked: list[str] = []
    wrong: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # A breach of the Content-Security-Policy is an error here, too.
        if message.type in ("error", "warning"):
            wrong.append(message.text)

    def failed(error: Error) -> None:
        wrong.append(str(error))

    page.on("request", lambda request: asked.append(request.url))
    page.on("console", heard)
    page.on("pageerror", failed)
    opened(page, served.address)
    yield page
    page.close()
    foreign = [url for url in asked if not url.startswith((f"{served.address}/", "data:"))]
    assert foreign == []
    assert wrong == []
    until(lambda: served.desk.open == 0)
    assert served.desk.open == 0, "a closed page leaves no question behind"
