"""Conversations on the page, and what they search in.

Every test also holds that the page asks no other host for anything and logs no error: see `page`
in `conftest.py`.
"""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from index.types import Filter
from tests.ui.fake_desk import cited_answer
from tests.ui.pages import (
    QUESTION,
    Served,
    ask,
    box,
    button,
    choose,
    finished,
    opened,
)

pytestmark = pytest.mark.browser


# The conversation


def test_an_earlier_answer_stays_with_its_own_passages(page: Page, served: Served) -> None:
    ask(page, QUESTION)
    finished(page)
    expect(page.get_by_role("heading", name="Earlier in this conversation")).to_be_hidden()
    ask(page, "Who paid? refuse")
    expect(page.locator("#rd-main .rd-refusal")).to_be_visible()
    ask(page, "What will the repairs cost?")
    finished(page)

    turns = page.locator(".rd-turn")
    expect(page.get_by_role("heading", name="Earlier in this conversation")).to_be_visible()
    expect(turns.locator("summary h3")).to_have_text(["Who paid? refuse", QUESTION])
    expect(turns.locator(".rd-turn-snippet").first).to_have_text("The articles don't say.")
    first = turns.nth(1)
    expect(first.locator("a.cite").first).to_be_hidden()
    first.locator("summary").first.click()
    given = cited_answer(QUESTION)
    first.locator("a.cite").nth(1).click()
    quotes = [each.quote for each in given.claims[1].citations]
    expect(first.locator(".rd-source:target mark.rd-shown")).to_have_text(quotes)
    expect(page.locator("mark.rd-shown")).to_have_count(2)
    expect(first.locator("#turn-1-rd-source-2")).to_be_in_viewport(ratio=1)
    page.locator("#rd-main a.cite").first.click()
    expect(page.locator("#rd-main .rd-source:target mark.rd-shown")).to_have_count(1)
    expect(page.locator("mark.rd-shown")).to_have_count(1)
    ids = page.locator(".rd-source, mark").evaluate_all("all => all.map(each => each.id)")
    assert len(ids) == len(set(ids)), "each passage of the page has an id of its own"
    assert [each.question for each in served.desk.turns[-1]] == [QUESTION, "Who paid? refuse"]


def test_an_earlier_answer_stays_open_and_is_not_read_out_again(page: Page) -> None:
    ask(page, QUESTION)
    finished(page)
    ask(page, "When does the work begin?")
    finished(page)
    page.locator(".rd-turn > summary").click()
    ask(page, "What will the repairs cost?")
    finished(page)

    turns = page.locator(".rd-turn")
    expect(turns.nth(0)).not_to_have_attribute("open", "")
    expect(turns.nth(1)).to_have_attribute("open", "")
    expect(page.locator(".rd-answer[aria-live=polite]")).to_have_count(1)
    levels = (
        turns.nth(1)
        .locator("h2, h3:not(.rd-turn-question)")
        .evaluate_all("all => all.map(each => each.ariaLevel)")
    )
    assert levels == ["4", "5", "5", "4"]


def test_what_was_not_answered_is_not_kept(page: Page) -> None:
    ask(page, "no model")
    expect(page.get_by_role("alert")).to_be_visible()
    ask(page, QUESTION)
    finished(page)

    expect(page.locator(".rd-turn")).to_have_count(0)


def test_a_new_conversation_clears_the_earlier_one(page: Page, served: Served) -> None:
    expect(page.locator("#rd-anew-button")).to_be_hidden()
    ask(page, QUESTION)
    expect(button(page, "New conversation")).to_be_disabled()
    finished(page)
    ask(page, "Who paid? refuse")
    expect(page.locator("#rd-main .rd-refusal")).to_be_visible()
    expect(page.locator(".rd-turn")).to_have_count(1)

    button(page, "New conversation").click()

    expect(page.locator(".rd-empty")).to_be_visible()
    expect(page.locator(".rd-turn, .rd-source")).to_have_count(0)
    expect(page.locator("#rd-earlier")).to_be_hidden()
    expect(page.locator("#rd-anew-button")).to_be_hidden()
    expect(box(page)).to_have_value("")
    expect(box(page)).to_be_focused()
    ask(page, "What will the repairs cost?")
    finished(page)
    assert served.desk.turns[-1] == ()
    expect(page.locator(".rd-turn")).to_have_count(0)


def test_another_page_knows_nothing_of_it(
    page: Page, browser: BrowserContext, served: Served
) -> None:
    ask(page, QUESTION)
    finished(page)
    other = opened(browser.new_page(), served.address)
    ask(other, "What will the repairs cost?")
    finished(other)

    assert served.desk.turns[-1] == ()
    expect(other.locator(".rd-turn")).to_have_count(0)
    other.close()


# What to search in


def test_what_is_chosen_limits_this_and_the_next_question(page: Page, served: Served) -> None:
    summary = page.locator(".rd-search-in > summary")
    expect(summary).to_have_text("Search in: all articles")
    form = choose(page)
    form.get_by_role("checkbox", name="Harbour news").check()
    form.get_by_role("checkbox", name=re.compile("^sea")).check()
    form.get_by_role("checkbox", name="The lower quay").check()
    form.get_by_role("textbox", name="Since").fill("2024-03")
    form.get_by_role("textbox", name="Since").press("Enter")
    expect(summary).to_contain_text("Harbour news; sea; 1 article; since 2024")

    ask(page, QUESTION)
    expect(finished(page).locator(".rd-where")).to_have_text(
        "Searched only in: collection “Harbour news”; tag “sea”; “The lower quay is to be raised”;"
        " since March 2024"
    )
    limited = Filter(("Harbour news",), ("2",), ("sea",), "2024-03")
    assert served.desk.limits[-1] == limited
    button(page, served.desk.examples()[1]).click()
    expect(page.locator("#rd-main .rd-question")).to_have_text(served.desk.examples()[1])
    finished(page)
    assert served.desk.limits[-1] == limited

    expect(form, "it folds when a question is asked").to_be_hidden()
    choose(page).get_by_role("button", name="Search in all articles").click()
    expect(summary).to_have_text("Search in: all articles")
    ask(page, QUESTION)
    finished(page)
    assert served.desk.limits[-1] is None
    expect(page.locator("#rd-main .rd-where")).to_have_count(0)
    expect(page.locator(".rd-turn .rd-where")).to_have_count(2)


def test_a_wrong_date_is_told_and_nothing_is_lost(page: Page, served: Served) -> None:
    before = len(served.desk.asked)
    since = choose(page).get_by_role("textbox", name="Since")
    since.fill("spring")

    ask(page, QUESTION)

    expect(page.get_by_role("alert")).to_contain_text("since = 'spring' is not a date.")
    assert len(served.desk.asked) == before
    expect(box(page)).to_have_value(QUESTION)
    expect(since).to_have_value("spring")
    expect(since, "it stays open to be mended").to_be_visible()
    since.fill("2024")
    button(page, "Ask").click()
    finished(page)
    assert served.desk.limits[-1] == Filter(date_from="2024")


def test_limits_that_leave_nothing_are_told(page: Page) -> None:
    choose(page).get_by_role("textbox", name="Until").fill("1900")
    ask(page, "nowhere")

    expect(page.locator("#rd-main .rd-refusal")).to_be_visible()
    expect(page.locator(".rd-note")).to_have_text("No article is within these limits.")


def test_an_article_is_found_by_its_title(page: Page) -> None:
    form = choose(page)
    form.get_by_label("Find an article by its title").fill("MARKET")

    expect(form.locator(".rd-list label:visible")).to_have_text(["Fish market open again"])


def test_the_control_works_with_the_keyboard_alone(page: Page, served: Served) -> None:
    page.locator(".rd-search-in > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator(".rd-chosen")).to_have_text("Harbour news")

    ask(page, QUESTION)
    finished(page)
    assert served.desk.limits[-1] == Filter(("Harbour news",))


def test_other_places_of_an_article_are_named(page: Page) -> None:
    ask(page, QUESTION)
    finished(page)

    expect(page.locator(".rd-also")).to_have_text(
        "Also in: backup/tides.md, highest <tide>.html, 2.txt and 1 more"
    )
