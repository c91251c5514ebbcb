"""Widgets go, the article stays. The pages are made up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.clean import body_spans, is_furniture

TITLE = "Old Crane to Leave the Harbour"
FIRST = (
    "The harbour council met on Tuesday to decide whether the old crane should be moved, sold or"
    " left to rust, as it has been for most of the past ten years."
)
SECOND = (
    "Two members argued that the crane still earns money from visitors, while the treasurer showed"
    " figures that say it does not. “It costs us every winter,” she said."
)
THIRD = (
    "A vote is planned for next month. The council will publish the minutes before that, and the"
    " museum has offered to take the winch and the cabin."
)
ARTICLE = [FIRST, "What the crane earns", SECOND, THIRD]


def kept(lines: list[str], title: str | None = TITLE) -> list[str]:
    """The lines that remain."""
    text = "\n".join(lines)
    spans = body_spans(text, title)
    return [line for span in spans for line in span.of(text).split("\n") if line.strip()]


@pytest.mark.parametrize(
    "tail",
    [
        ["💬 Comments (0)", "🔒 Log in or register to comment on this page.", "No comments yet."],
        ["No comments yet. Be the first to reply!"],
        ["New Row", "New", "Write A Comment"],
        ["Leave a Reply", "Your email address", "Submit"],
        ["Related Posts"],
        [
            "Related articles",
            "Why the bridge is blue this year and not green",
            "A Boat for the Club",
        ],
        ["You may also like:", "Ten Boats", "Advertisement"],
        ["Tags: crane, harbour", "Previous article: A Boat", "Next article: A Ship"],
        ["Share this article", "Facebook", "Twitter", "LinkedIn"],
        ["Share on Facebook, Twitter and WhatsApp"],
        ["Privacy Policy", "Terms of use", "© 2031 Harbour Post. All rights reserved."],
        ["About the author", "Jane Doe writes about harbours and lives on a boat.", "Read next"],
        [
            "Jane Doe",
            "",
            "Jane Doe",
            "",
            "Rope maker and harbour critic. Likes old steel.",
            "Related",
        ],
        ["免责声明：本文仅供参考，不构成任何建议。", "热门股票", "  1. 1", "   ", "  2. 2", "  3."],
        ["Отказ от ответственности: это не совет.", "1.", "2."],
        ["1. 1", "2. 2", "3. 3", "4. 4"],
        ["Hot stocks", "ABC 193.2 +1.2%", "XYZ 12.0 -3%"],
        ["Sign up for our weekly newsletter", "Follow us on Instagram and Threads"],
        ["Share", "Facebook", "Twitter", "LinkedIn", "Recommended Reading", "A Boat for Sale"],
        ["Disclaimer: nothing said here is advice, and nobody should move a crane because of it."],
        ["This article was originally published on harbour.example.", "Read the original article"],
        ["Lesen Sie auch", "Wem gehört der Kran?", "Kommentare (12)", "Impressum", "Datenschutz"],
        ["Lire aussi", "Le port en hiver", "Laisser un commentaire", "Mentions légales"],
        ["Keep reading", "The Boat That Would Not Sink", "Is the bridge blue?", "Load more"],
        ["Comments", "Guest", "About time.", "2 hours ago", "Like", "Reply", "View all comments"],
        [
            "2 thoughts on “Old Crane to Leave the Harbour”",
            *(
                "Ann Lee says:",
                "May 3, 2031 at 9:12 am",
                "I climbed it as a child, twice.",
                "Reply",
            ),
            *("Bo says:", "May 4, 2031 at 8:00 pm", FIRST.replace("The", "My"), "Reply"),
            *("Leave a Reply", "Your email address will not be published.", "Name *", "Website"),
        ],
    ],
)
def test_what_stands_below_an_article_goes(tail: list[str]) -> None:
    assert kept([TITLE, *ARTICLE, *tail]) == [TITLE, *ARTICLE]


@pytest.mark.parametrize(
    "head",
    [
        [
            TITLE,
            "",
            TITLE,
            "",
            "Jane DoeJane Doe",
            "7 min read12 viewsUpdated March 16, 2031",
            "Share:",
        ],
        [TITLE, "By Jane Doe", "March 16, 2031"],
        [TITLE, "Harbour Post", "06/18"],
        [TITLE, "Jane Doe", "3 hours ago · 1,204 views"],
        ["Skip to content", "Home", "News", "Harbour", "Sport", "Login", TITLE, "16 March 2031"],
        ["Home | News | About us | Contact", TITLE, "5 min read"],
        ["Menu", TITLE, "Facebook Twitter Email"],
        ["Harbour", "Ships", "Weather", "Prices", "Log in", TITLE, "By Jane Doe"],
        ["14:02 Ferry late", "13:55 Power is back", TITLE, "By Jane Doe"],
        [
            "Startseite",
            "Hafen",
            "Sport",
            "Anmelden",
            TITLE,
            "Von Jana Doe",
            "16.03.2031, 07:30 Uhr",
        ],
        ["Accueil", "Port", "Se connecter", "Météo", TITLE, "Publié le 16 mars 2031 à 08h00"],
        [TITLE, "May 4, 2031 08:00 ET | Source: Harbour Works"],
    ],
)
def test_what_stands_above_an_article_goes(head: list[str]) -> None:
    # A title cut off from the article would be a passage that says nothing more than its header.
    assert kept([*head, *ARTICLE]) == ARTICLE


@pytest.mark.parametrize(
    "line",
    [
        "We use cookies to give you the best experience on our website.",
        "Accept all cookies",
        "Story continues below advertisement",
        "By Jane Doe | 5 min read",
        "Advertisement",
        "Anzeige",
        "Related: Ten cranes that moved",
        (
            "We value your privacy\nWe and our 12 partners store cookies and use personal data to"
            " show you ads.\nAccept all\nReject all\nManage options"
        ),
    ],
)
def test_what_stands_inside_an_article_goes(line: str) -> None:
    assert kept([TITLE, FIRST, line, SECOND, THIRD]) == [TITLE, FIRST, SECOND, THIRD]


@pytest.mark.parametrize(
    "lines",
    [
        # a poem, with the title as its refrain
        [TITLE, "", "O crane of rust", "O crane", "", "You lift the dust", "Share", TITLE],
        # notes and lists
        ["- buy rope", "- call Bob", "- share", "menu", "home"],
        ["Crane", "1. winch", "2. cabin", "3. arm", "4"],
        # a diary: its dates are headings
        ["My diary", "", "March 3, 2031", FIRST, "March 4, 2031", SECOND, "March 5, 2031", THIRD],
        # an interview: names stand alone, and the last words are few
        [TITLE, FIRST, "Jane Doe", SECOND, "Ada Moore", "Why?", "Jane Doe", "Nobody knows that."],
        # a list that closes the article
        [TITLE, FIRST, SECOND, "They took with them:", "Save", "Listen", "Report", "Help"],
        [TITLE, FIRST, SECOND, "Year", "2029", "12.5", "2030", "14.1"],
        [TITLE, FIRST, SECOND, "References", "Doe, J. (2020). Cranes. Harbour Press"],
        # headings that are also the names of buttons
        [TITLE, FIRST, "Twitter", SECOND, "Comments", THIRD, "Discussion", FIRST + " Again."],
        # sentences about what widgets talk of
        [TITLE, FIRST, "We tested how cookies affect the user experience and your policy.", THIRD],
        [TITLE, FIRST, SECOND, "More about the plan will be said in spring."],
        # sentences of a language that writes its nouns with capitals
        [
            TITLE,
            FIRST,
            "Comments",
            "Der Rat der Stadt zahlt 4.000 Euro je Hektar und Jahr an Bauern.",
        ],
        # words of consent that are a list of the article's
        [TITLE, FIRST, "The board may do one of two things.", "Accept", "Reject", SECOND],
        # a page of several entries, each with its own comments
        [TITLE, FIRST, "Reply", SECOND, "3 comments on this", "May 3, 2031", THIRD, "May 4, 2031"],
        # a list of networks
        [TITLE, FIRST, "They left these:", "Facebook", "Twitter", "LinkedIn", SECOND],
        # another language, as a translation and as a quotation
        [TITLE, FIRST, SECOND, THIRD, "港口委员会周二开会，决定是否移动或出售旧起重机。" * 8],
        [TITLE, FIRST, SECOND, THIRD, "「起重机不会说话。」"],
        ["起重机", "港口委员会周二开会，决定是否移动或出售旧起重机。" * 4, "Doe, J.: Cranes"],
        # hard-wrapped prose with a word that is also a menu's
        [TITLE, "", *("\n".join(FIRST.split(", ")) + "\nhome\nto the sea").split("\n")],
    ],
)
def test_what_may_be_the_article_stays(lines: list[str]) -> None:
    assert kept(lines) == [line for line in lines if line.strip()]


def test_around_the_posts_of_a_forum() -> None:
    posts = [FIRST, "Put a bucket under it.", SECOND, "Half a bucket after one night!"]
    page = [TITLE]
    for number, post in enumerate(posts, 1):
        page += ["May 3, 2031", f"#{number}", "ropemaker", "Member", post, "Reply", "Report"]
    assert kept([*page, "You must log in or register to reply here.", "Similar threads"]) == posts


def test_around_a_question_and_its_answers() -> None:
    page = [TITLE, "Asked June 14, 2031", "Viewed 12k times", "17", FIRST, "Share", "Follow"]
    page += ["asked Jun 14, 2031 at 9:20", "tinmouse", "231", "1 Answer", "24", SECOND]
    page += ["crane --lift 3", "Share", "Follow", "answered Jun 14, 2031 at 10:05", "Ruth", "1,204"]
    assert kept([*page, "Your Answer"]) == [FIRST, SECOND, "crane --lift 3"]


def test_short_lines_of_a_story_stay() -> None:
    story = ["“Is he late?”", "“He is.”", "Nine.", "Then eight.", "“Home?” he asked.", "“Home.”"]
    song = ["They sang:", "Over the water,", "share the bread", "and print the stone"]
    page = ["Home", "Stories", "Poems", "Contact", TITLE, "By Jane Doe", FIRST, *story, SECOND]
    assert kept([*page, *song, THIRD, "Share this story", "Facebook"]) == [
        *(FIRST, *story, SECOND, *song, THIRD)
    ]


def test_two_scraps_go_with_the_comment_box_but_a_list_stays() -> None:
    listed = ["Ingredients", "Flour", "Sugar", "Salt"]
    assert kept([TITLE, *ARTICLE, *listed, "Comments (0)"]) == [TITLE, *ARTICLE, *listed]


def test_rules_that_would_drop_much_drop_only_what_is_certain() -> None:
    menu = [f"Item {n} of the long menu here" for n in range(40)]
    page = [TITLE, FIRST, "Related posts", *menu, "Comments (0)"]
    assert kept(page) == page[:-1]


def test_a_page_of_widgets_is_kept_rather_than_empty() -> None:
    assert kept(["Comments (0)", "Be the first to reply!"]) != []


def test_spans_are_trimmed_and_merged() -> None:
    text = f"\n\n  {FIRST}  \n\n\t{SECOND}\n\n  Comments (3)\n{THIRD}\n \n"
    spans = body_spans(text, None)
    assert [span.of(text) for span in spans] == [f"{FIRST}  \n\n\t{SECOND}", THIRD]
    assert body_spans(" \n\t\n", None) == ()


def test_furniture_is_no_title() -> None:
    assert is_furniture("Home")
    assert is_furniture("* * *")
    assert is_furniture("5 min read")
    assert not is_furniture(TITLE)


LINES = st.lists(
    st.one_of(
        st.sampled_from([TITLE, *ARTICLE, "Comments (0)", "Share", "Related", "By Jane Doe", "1."]),
        st.text(max_size=40),
    ),
    max_size=16,
)


@given(LINES.map("\n".join), st.one_of(st.none(), st.just(TITLE), st.text(max_size=10)))
@settings(max_examples=100)
def test_spans_lie_inside_the_text_in_order_and_apart(text: str, title: str | None) -> None:
    spans = body_spans(text, title)
    before = -1
    for span in spans:
        assert before < span.start < span.end <= len(text)
        assert span.of(text) == span.of(text).strip()
        before = span.end
    assert bool(spans) == bool(text.strip())
