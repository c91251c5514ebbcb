"""`refdesk serve` as a user starts it, asked in a real browser. Takes the README's screenshot.

The picture goes to the test's folder, or to the folder that SCREENSHOTS names.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from rag import config

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

QUESTION = "Which companies rent computing power from xAI?"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "--home", str(tmp_path / "home"), "serve",
         "--port", "7899", "--no-browser"],
        cwd=config.ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found, line
    yield found.group()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()


def test_a_cited_answer_on_the_page(address: str, browser: BrowserContext, tmp_path: Path) -> None:
    page = browser.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.get_by_label("Your question").fill(QUESTION)
    page.keyboard.press("Enter")
    cite = page.locator("a.cite").first
    expect(page.locator("mark").first).to_be_visible(timeout=180_000)
    expect(cite).to_be_visible()
    expect(page.get_by_text(re.compile("first word after"))).to_be_visible()
    expect(page.locator(".rd-answer").first).to_contain_text("Anthropic")
    picture = Path(os.environ.get("SCREENSHOTS", tmp_path)) / "page.png"
    page.screenshot(path=picture)
    assert picture.stat().st_size > 20_000
    cite.click()
    assert re.search(r"#rd-source-\d+", page.url)
    outside = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert outside == []
    page.close()
