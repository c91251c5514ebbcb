"""Citations, and how the page itself looks and is guarded.

Every test also holds that the page asks no other host for anything and logs no error: see `page`
in `conftest.py`.
"""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.ui.fake_desk import cited_answer
from tests.ui.pages import (
    PHONE,
    QUESTION,
    Served,
    ask,
    button,
    choose,
    finished,
    opened,
)

pytestmark = pytest.mark.browser


# Citations


def test_a_citation_leads_to_its_passage_and_quote(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 420})
    ask(page, QUESTION)
    answer = finished(page)
    given = cited_answer(QUESTION)
    (first,) = given.claims[0].citations

    expect(answer.locator("a.cite")).to_have_text(["1", "2"])
    link = answer.locator("a.cite").first
    expect(link).to_have_attribute("title", first.quote)
    expect(page.locator("#rd-source-1")).not_to_be_in_viewport(ratio=1)
    link.click()

    expect(page.locator("#rd-source-1 mark")).to_have_text(first.quote)
    expect(page.locator("#rd-source-1 mark")).to_be_in_viewport(ratio=1)
    expect(page.locator("#rd-source-1:target")).to_be_visible()
    expect(page.locator("#rd-source-1 mark.rd-shown")).to_be_visible()
    assert page.url.endswith("/#rd-source-1")

    answer.locator("a.cite").nth(1).click()
    quotes = [each.quote for each in given.claims[1].citations]
    expect(page.locator("#rd-source-2:target mark.rd-shown")).to_have_text(quotes)
    expect(page.locator("mark.rd-shown")).to_have_count(2)


def test_a_new_question_lets_go_of_the_shown_passage(page: Page) -> None:
    ask(page, QUESTION)
    finished(page).locator("a.cite").first.click()
    expect(page.locator(":target")).to_have_count(1)

    ask(page, "What will the repairs cost?")

    finished(page)
    expect(page.locator(".rd-source:target")).to_have_count(0)


def test_citations_work_where_the_address_has_a_query(page: Page, served: Served) -> None:
    opened(page, f"{served.address}/?__theme=dark")
    ask(page, QUESTION)
    finished(page).locator("a.cite").first.click()

    expect(page.locator("#rd-source-1:target")).to_be_visible()
    expect(page.locator(".rd-question")).to_have_text(QUESTION)


def test_what_is_not_supported_or_not_cited_is_told(page: Page) -> None:
    ask(page, QUESTION)
    answer = finished(page)

    expect(answer.locator("s")).to_have_text("The mayor paid for it himself.")
    expect(answer).to_contain_text("not found in the articles")
    expect(page.get_by_role("heading", name="Also found")).to_be_visible()
    quiet = page.locator("details.rd-quiet")
    expect(quiet.locator("blockquote")).to_be_hidden()
    quiet.locator("summary").click()
    expect(quiet.locator("blockquote")).to_be_visible()


def test_a_refusal_shows_the_closest_passages(page: Page) -> None:
    ask(page, "Who paid? refuse")

    expect(page.locator(".rd-refusal")).to_contain_text("The articles don't say.")
    expect(page.locator(".rd-nearest li")).to_contain_text("will cost 3 million crowns")
    expect(page.get_by_role("heading", name="Closest passages")).to_be_visible()
    expect(page.locator(".rd-source blockquote").first).to_be_visible()


# The page itself


def test_markup_that_got_in_would_not_run(browser: BrowserContext, served: Served) -> None:
    """The second wall: even unescaped, a handler or a script is refused by the policy."""
    page = opened(browser.new_page(), served.address)
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))

    page.evaluate(
        """() => {
            document.body.insertAdjacentHTML(
                "beforeend", "<img src='data:,' onerror='window.hacked = 1'>");
            const script = document.createElement("script");
            script.textContent = "window.hacked = 2";
            document.body.append(script);
            fetch("http://127.0.0.2:9/").catch(() => {});
        }"""
    )
    page.wait_for_timeout(300)

    assert page.evaluate("window.hacked") is None
    assert len([text for text in refused if "Content Security Policy" in text]) >= 3
    page.close()


def test_the_library_can_be_listed(page: Page) -> None:
    page.get_by_text("3 articles in the library").click()

    expect(page.locator(".rd-library li")).to_have_count(3)
    expect(page.locator(".rd-library li").first).to_contain_text("12 March 2024 · Varn Gazette")


@pytest.mark.parametrize("question", [QUESTION, "Who paid? refuse", "A hostile one", "x" * 1900])
def test_a_phone_shows_it_without_scrolling_sideways(page: Page, question: str) -> None:
    page.set_viewport_size(PHONE)
    ask(page, question)
    finished(page)
    page.locator(".rd-library summary").click()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
    ask(page, "What will the repairs cost?")
    finished(page)
    choose(page)
    page.locator(".rd-turn > summary").click()

    assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
    for name in ("Ask", "Stop"):
        place = button(page, name).bounding_box()
        assert place
        assert place["height"] >= 40
        assert place["x"] + place["width"] <= PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Page, scheme: str) -> None:
    """Contrast by WCAG 2.2: 4.5 to 1."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    opened(page, page.url)
    ask(page, QUESTION)
    finished(page)

    choose(page).get_by_role("textbox", name="Since").fill("2024")
    ask(page, "What will the repairs cost?")
    finished(page)
    choose(page)

    places = """.rd-where, .rd-search-in summary, .rd-chosen, #rd-search-in label, legend,
        legend small, .rd-dates p, #rd-search-in button, #rd-anew-button, .rd-also,
        .rd-turn-question, .rd-turn-snippet, .rd-text p, .rd-footer, mark, blockquote, .rd-meta,
        a.cite, s, .rd-label, #rd-ask-button, .rd-library summary, .rd-quiet summary"""
    for place in map(str.strip, places.split(",")):
        ratio = page.locator(place).first.evaluate(_CONTRAST)
        assert ratio >= 4.5, f"{place}: {ratio:.1f}"


def test_gradio_is_not_to_be_seen(page: Page) -> None:
    expect(page).to_have_title("Refdesk")
    expect(page.locator("footer")).to_have_count(0)
    assert "gradio" not in page.locator("body").inner_text().lower()
    assert Path(__file__).name not in page.content()


_CONTRAST = """(element) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const each of colours) { canvas.fillStyle = each; canvas.fillRect(0, 0, 1, 1); }
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const grounds = [];
  for (let each = element; each; each = each.parentElement) {
    grounds.unshift(getComputedStyle(each).backgroundColor);
  }
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = light(paint(["#fff", ...grounds]));
  const text = light(paint(["#fff", ...grounds, getComputedStyle(element).color]));
  return (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
}"""
