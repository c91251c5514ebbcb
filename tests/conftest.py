"""What several kinds of tests share: a real browser, and no clock."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A browser of its own talks to its maker; that is not what these tests are about.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# On a busy machine any example may take long; how long is for benchmarks to say.
settings.register_profile("refdesk", deadline=None)
settings.load_profile("refdesk")

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would every program
# that they start and want to see ended by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    """One for all of a module's tests, so that its cache holds Gradio's scripts."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        reason = (
            "no Chromium: install the package chromium (Debian: apt-get install chromium), or "
            "name one in the environment variable CHROMIUM"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser.new_context(viewport={"width": 1280, "height": 860})
        browser.close()
