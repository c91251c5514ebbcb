"""Asking, stopping and errors on the page, in a real browser.

Every test also holds that the page asks no other host for anything and logs no error: see `page`
in `conftest.py`.
"""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.ui.fake_desk import NO_MODEL, SECRET
from tests.ui.pages import (
    QUESTION,
    Served,
    ask,
    box,
    button,
    finished,
    opened,
    until,
)

pytestmark = pytest.mark.browser


# Asking


def test_enter_asks_and_passages_come_before_the_answer(page: Page) -> None:
    question = f"{QUESTION} (stuck)"
    ask(page, question)

    expect(page.locator(".rd-source")).to_have_count(3)
    assert page.locator(".rd-text").count() == 0, "the passages are shown before the first word"
    expect(page.locator("progress")).to_be_visible()
    expect(button(page, "Ask")).to_be_disabled()
    expect(button(page, "Stop")).to_be_enabled()

    writing = page.locator(".rd-writing")
    expect(writing).to_contain_text("The tide of")
    assert "crowns" not in writing.inner_text(), "the answer is shown as it is written"

    answer = finished(page)
    expect(answer).to_have_attribute("aria-busy", "false")
    expect(answer).to_have_attribute("aria-live", "polite")
    expect(answer).to_contain_text("rose 4.2 metres")
    expect(answer).to_contain_text("512 tokens read, 42 written · fake-1b · runs on this machine")
    expect(button(page, "Ask")).to_be_enabled()
    expect(button(page, "Stop")).to_be_disabled()
    expect(box(page)).to_have_value(question)


def test_a_pause_in_typing_makes_ready_and_enter_asks(page: Page, served: Served) -> None:
    asked = len(served.desk.asked)

    def prepared(text: str) -> bool:
        return any(each.text == text for each in served.desk.prepared)

    box(page).press_sequentially("How high did the tide")
    until(lambda: prepared("How high did the tide"))
    assert prepared("How high did the tide")
    box(page).press_sequentially(" rise at Varn?")
    until(lambda: prepared("How high did the tide rise at Varn?"))
    assert prepared("How high did the tide rise at Varn?")
    assert not prepared("How high did the tide rise"), "between two keys there is no pause"
    assert len(served.desk.asked) == asked
    expect(page.locator(".rd-empty")).to_be_visible()

    box(page).press("Enter")
    finished(page)
    until(lambda: served.desk.preparing == 0)
    assert served.desk.preparing == 0
    assert served.desk.asked[asked:] == ["How high did the tide rise at Varn?"]


def test_shift_enter_is_a_new_line(page: Page, served: Served) -> None:
    before = len(served.desk.asked)

    box(page).fill("How high")
    box(page).press("Shift+Enter")
    box(page).press_sequentially("did it rise?")
    expect(box(page)).to_have_value("How high\ndid it rise?")
    assert len(served.desk.asked) == before

    button(page, "Ask").click()
    finished(page)
    assert served.desk.asked[-1] == "How high\ndid it rise?"


def test_the_question_has_the_focus(page: Page) -> None:
    expect(box(page)).to_be_focused()


def test_an_example_asks_at_once(page: Page, served: Served) -> None:
    example = served.desk.examples()[1]

    button(page, example).click()

    expect(page.locator(".rd-question")).to_have_text(example)
    finished(page)
    expect(box(page)).to_have_value(example)
    assert served.desk.asked[-1] == example
    expect(button(page, example)).to_be_enabled()


def test_a_second_question_takes_the_place_of_the_first(page: Page) -> None:
    ask(page, QUESTION)
    finished(page)
    ask(page, "Who paid? refuse")

    main = page.locator("#rd-main")
    expect(main.locator(".rd-refusal")).to_be_visible()
    expect(main.locator(".rd-text")).to_have_count(0)
    # What the first answer cited is marked no more; what comes nearest to the second is.
    expect(main.locator("mark")).to_have_text(
        "Repairs to the lower quay will cost 3 million crowns."
    )


def test_what_is_typed_next_replaces_the_question(page: Page) -> None:
    ask(page, QUESTION)
    finished(page)
    expect(box(page)).to_be_focused()

    page.keyboard.type("And who paid?")

    expect(box(page)).to_have_value("And who paid?")


# Stopping


def test_stop_ends_the_answer_and_another_question_works(page: Page, served: Served) -> None:
    ask(page, "Is it endless?")
    expect(page.locator(".rd-writing")).to_contain_text("word20 ")

    button(page, "Stop").click()

    expect(page.locator(".rd-note")).to_contain_text("Stopped.", timeout=1500)
    expect(page.locator(".rd-text")).to_contain_text("word20 ")
    until(lambda: served.desk.open == 0, 1)
    assert served.desk.open == 0
    ask(page, QUESTION)
    expect(finished(page)).to_contain_text("rose 4.2 metres")


def test_enter_while_an_answer_is_written_is_told_and_loses_nothing(
    page: Page, served: Served
) -> None:
    ask(page, "Is it endless?")
    expect(page.locator(".rd-writing")).to_contain_text("word5 ")
    before = len(served.desk.asked)
    box(page).fill(QUESTION)
    box(page).press("Enter")

    expect(page.locator("#rd-wait")).to_contain_text("An answer is being written")
    expect(box(page)).to_have_value(QUESTION)
    assert len(served.desk.asked) == before
    button(page, "Stop").click()
    expect(button(page, "Ask")).to_be_enabled()
    box(page).press("Enter")
    finished(page)
    expect(page.locator("#rd-wait")).to_be_hidden()
    assert served.desk.asked[-1] == QUESTION


def test_stop_does_not_wait_for_a_model_that_is_silent(page: Page) -> None:
    ask(page, "Is it stuck?")
    expect(page.locator(".rd-status")).to_contain_text("1 s")
    expect(page.locator(".rd-status")).to_contain_text("Reading the passages")

    button(page, "Stop").click()

    expect(page.locator(".rd-note")).to_have_text("Stopped.", timeout=1000)
    expect(button(page, "Ask")).to_be_enabled(timeout=1000)


@pytest.mark.parametrize("leave", ["close", "reload"])
def test_leaving_the_page_ends_the_answer(
    browser: BrowserContext, served: Served, leave: str
) -> None:
    page = opened(browser.new_page(), served.address)
    ask(page, "Is it endless?")
    expect(page.locator(".rd-writing")).to_contain_text("word5 ")
    assert served.desk.open == 1

    if leave == "close":
        page.close()
    else:
        page.reload()

    until(lambda: served.desk.open == 0)
    assert served.desk.open == 0
    page.close()


def test_two_pages_do_not_stop_each_other(
    page: Page, browser: BrowserContext, served: Served
) -> None:
    other = opened(browser.new_page(), served.address)
    ask(other, "Is it endless?")
    expect(other.locator(".rd-writing")).to_contain_text("word5 ")

    ask(page, QUESTION)
    finished(page)

    expect(other.locator(".rd-writing")).to_be_visible()
    button(other, "Stop").click()
    expect(other.locator(".rd-note")).to_be_visible()
    other.close()


# Errors


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("x" * 2001, "The question has 2,001 characters; the limit is 2,000"),
        (" ", "The question is empty."),
        ("no model", NO_MODEL.replace("`", "")),
    ],
)
def test_errors_are_told_and_another_question_works(page: Page, question: str, said: str) -> None:
    ask(page, question)

    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(button(page, "Ask")).to_be_enabled()
    expect(button(page, "Stop")).to_be_disabled()
    ask(page, QUESTION)
    finished(page)


def test_a_fault_is_told_by_its_reference(page: Page) -> None:
    ask(page, "Let it crash")

    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"reference [0-9a-f]{8}\."))
    assert SECRET not in page.content()
    assert "Traceback" not in page.content()


def test_hostile_text_is_inert(page: Page) -> None:
    ask(page, "A hostile <img src=x onerror='window.hacked = 3'>")
    answer = finished(page)

    expect(answer).to_contain_text("<script>window.hacked = 1</script>")
    expect(answer).to_contain_text("![x](http://evil.test/a.png) [click](http://evil.test/)")
    expect(answer).to_contain_text("${value} {{value}}")
    page.locator("details.rd-quiet summary").last.click()
    expect(page.locator("#rd-source-2 blockquote")).to_contain_text("<script>")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#rd-main img, #rd-main script").count() == 0
    links = page.locator("#rd-main a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert links == ["#rd-source-1"]
