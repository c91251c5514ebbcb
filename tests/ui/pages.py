"""A served page as the tests use it: what is on it, and what is done with it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.ui.fake_desk import FakeDesk

PHONE: ViewportSize = {"width": 390, "height": 844}
QUESTION = "How high did the tide rise?"


@dataclass(frozen=True)
class Served:
    desk: FakeDesk
    address: str


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    # Until the library has come: Gradio logs it as an error if leaving breaks that off.
    page.wait_for_function(
        "performance.getEntriesByType('resource').some(each => each.name.includes('/queue/data'))"
    )
    expect(box(page)).to_be_visible()
    expect(page.locator(".rd-library")).to_be_visible()
    return page


def box(page: Page) -> Locator:
    return page.get_by_label("Your question")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def ask(page: Page, question: str) -> None:
    box(page).fill(question)
    box(page).press("Enter")
    expect(page.locator("#rd-main .rd-question")).to_have_text(question.strip())


def finished(page: Page) -> Locator:
    """The finished answer."""
    expect(page.locator("#rd-main .rd-footer")).to_be_visible()
    return page.locator("#rd-main .rd-answer")


def until(done: object, patience_s: float = 5.0) -> None:
    assert callable(done)
    end = time.monotonic() + patience_s
    while not done() and time.monotonic() < end:
        time.sleep(0.02)


def choose(page: Page) -> Locator:
    """The opened control."""
    page.locator(".rd-search-in > summary").click()
    return page.locator("#rd-search-in")
