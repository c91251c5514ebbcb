"""`refdesk serve` as a user starts it, asked in a real browser. Takes the README's screenshot.

The picture goes to the test's folder, or to the folder that SCREENSHOTS names.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from rag import config

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

QUESTION = "Which companies rent computing power from xAI?"
WHERE = "Where are xAI's Colossus data centers?"
OTHER = "LeCun says investors misread DeepSeek, because inference drives AI spending"
PATIENCE_MS = 180_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("served") / "home"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "--home", str(home), "serve",
         "--port", str(port), "--no-browser"],
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
    expect(page.locator("mark").first).to_be_visible(timeout=PATIENCE_MS)
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


def test_a_conversation_within_limits(address: str, browser: BrowserContext) -> None:
    page = browser.new_page()
    page.goto(address)
    main = page.locator("#rd-main")

    def ask(question: str) -> None:
        page.get_by_label("Your question").fill(question)
        page.keyboard.press("Enter")
        expect(main.locator(".rd-question")).to_have_text(question)
        expect(main.locator(".rd-footer")).to_be_visible(timeout=PATIENCE_MS)

    # Limited to an article that is not the best one for the question.
    page.locator(".rd-search-in > summary").click()
    page.get_by_role("checkbox", name=OTHER).check()
    ask(QUESTION)
    expect(main.locator(".rd-where")).to_have_text(f"Searched only in: “{OTHER}”")
    files = main.locator(".rd-source .rd-file").all_text_contents()
    assert files
    assert set(files) == {"deepseek-reaction-and-inference-costs.md"}

    page.locator(".rd-search-in > summary").click()
    page.get_by_role("button", name="Search in all articles").click()
    ask(WHERE)
    expect(main.locator(".rd-text")).to_contain_text("Memphis")
    ask(QUESTION)

    # The earlier answers are there with their own passages.
    turns = page.locator(".rd-turn")
    expect(turns.locator("summary h3")).to_have_text([WHERE, QUESTION])
    turns.first.locator("summary").first.click()
    expect(turns.first.locator(".rd-text")).to_contain_text("Memphis")
    turns.first.locator("a.cite").first.click()
    expect(turns.first.locator(".rd-source:target mark.rd-shown").first).to_contain_text("Memphis")
    expect(page.locator("#rd-main .rd-source:target")).to_have_count(0)

    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".rd-empty")).to_be_visible()
    expect(turns).to_have_count(0)
    page.close()
