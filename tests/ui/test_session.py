"""Open pages: what of one's earlier answers goes with its next question, and to no other page."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from index.errors import LibraryError
from index.types import Entry, Filter
from rag.types import Claim, Question, Turn
from tests.ui.fake_desk import REFUSAL, FakeDesk, cited_answer
from ui.ahead import Ahead
from ui.asking import Askings
from ui.session import TURNS, Sessions, turn
from ui.view import FORGOT, View

SAID = (
    "The tide of March 2024 rose 4.2 metres, the highest since 1931. "
    "Raising the lower quay costs 3 million crowns and begins in May."
)


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def sessions(desk: FakeDesk) -> Iterator[Sessions]:
    askings = Askings(desk)
    yield Sessions(askings, Ahead(desk), desk.entries, pages=2)
    askings.close()


def ask(sessions: Sessions, page: str, question: str, choice: str = "") -> View:
    """The last view."""

    async def asked() -> View:
        return [view async for view, _ in sessions.views(page, question, choice)][-1]

    return asyncio.run(asked())


def test_earlier_answers_go_with_the_next_question(desk: FakeDesk, sessions: Sessions) -> None:
    ask(sessions, "a", "How high?")
    ask(sessions, "a", "Who owns it? refuse")
    ask(sessions, "a", "And then?")

    first, second = Turn("How high?", SAID), Turn("Who owns it? refuse", REFUSAL)
    assert desk.turns == [(), (first,), (first, second)]


def test_no_page_is_sent_anothers_answers(desk: FakeDesk, sessions: Sessions) -> None:
    for page in ("a", "b", "a", "b"):
        ask(sessions, page, f"How high, {page}?")

    assert desk.turns[2:] == [(Turn("How high, a?", SAID),), (Turn("How high, b?", SAID),)]


def test_callers_without_a_page_share_nothing(desk: FakeDesk, sessions: Sessions) -> None:
    ask(sessions, "", "How high?")
    ask(sessions, "", "And then?")

    assert desk.turns == [(), ()]


def test_the_last_answers_are_kept(sessions: Sessions) -> None:
    for n in range(TURNS + 2):
        ask(sessions, "a", f"{n}?")

    assert [each.question for each in sessions.history("a")] == [
        f"{n}?" for n in range(2, TURNS + 2)
    ]


def test_the_pages_that_asked_last_are_kept(sessions: Sessions) -> None:
    for page in ("a", "b", "a", "c"):
        ask(sessions, page, "How high?")

    assert [len(sessions.history(page)) for page in "abc"] == [2, 0, 1]


@pytest.mark.parametrize("question", ["no model", "Let it crash", " "])
def test_what_went_wrong_is_not_part_of_the_conversation(sessions: Sessions, question: str) -> None:
    assert ask(sessions, "a", question).error
    assert sessions.history("a") == ()


def test_a_new_conversation_has_no_history(desk: FakeDesk, sessions: Sessions) -> None:
    ask(sessions, "a", "How high?")
    ask(sessions, "b", "How high?")

    sessions.forget("a")

    assert sessions.history("a") == ()
    assert len(sessions.history("b")) == 1
    ask(sessions, "a", "And then?")
    assert desk.turns[-1] == ()


def test_a_question_under_way_when_it_is_forgotten_leaves_nothing(sessions: Sessions) -> None:
    async def asked() -> list[View]:
        seen = []
        async for view, _ in sessions.views("a", "Is it endless?"):
            seen.append(view)
            if view.text:
                sessions.forget("a")
        return seen

    assert asyncio.run(asked())[-1].busy, "no view of it comes after it was forgotten"
    assert sessions.history("a") == ()


# What to search in


def test_what_was_chosen_limits_the_question(desk: FakeDesk, sessions: Sessions) -> None:
    sent = json.dumps({"documents": ["3"], "since": "2024"})

    view = ask(sessions, "a", "How high?", sent)

    assert desk.limits == [Filter(documents=("3",), date_from="2024")]
    shown = view.answer_pane()
    assert "Searched only in: “Fish market open again”; since " in shown
    assert '<time datetime="2024">2024</time>' in shown
    ask(sessions, "a", "How high?")
    assert desk.limits[-1] is None


def test_limits_that_leave_nothing_are_told(sessions: Sessions) -> None:
    view = ask(sessions, "a", "nowhere", json.dumps({"since": "2099"}))
    assert "No article is within these limits." in view.answer_pane()


def test_a_wrong_limit_is_told_and_nothing_is_asked(desk: FakeDesk, sessions: Sessions) -> None:
    ask(sessions, "a", "How high?")

    view = ask(sessions, "a", "And then?", json.dumps({"since": "spring"}))

    assert view.error.startswith("since = 'spring' is not a date.")
    assert desk.asked == ["How high?"]
    assert len(sessions.history("a")) == 1


def test_a_library_that_cannot_be_read_is_told(desk: FakeDesk) -> None:
    def broken() -> list[Entry]:
        raise LibraryError("The library is damaged.")

    sessions = Sessions(Askings(desk), Ahead(desk), broken)
    view = ask(sessions, "a", "How high?", json.dumps({"documents": ["1"]}))
    assert view.error == "The library is damaged."


# Turns


def test_a_turn_leaves_out_what_is_not_supported() -> None:
    assert turn(cited_answer("How high?")) == Turn("How high?", SAID)


def test_a_turn_without_a_supported_claim_is_the_answer_as_it_is() -> None:
    answer = replace(cited_answer("How?"), claims=(Claim("So.", False, 0.1),), text="So.")
    assert turn(answer) == Turn("How?", "So.")


def test_a_page_that_was_let_go_of_is_told_so_once(desk: FakeDesk, sessions: Sessions) -> None:
    for page in ("a", "b", "c"):
        ask(sessions, page, "How high?")

    view = ask(sessions, "a", "And then?")
    assert desk.turns[-1] == ()
    assert FORGOT in view.answer_pane()
    assert FORGOT not in ask(sessions, "a", "And when?").answer_pane()
    sessions.forget("b")
    assert FORGOT not in ask(sessions, "b", "How high?").answer_pane()


# What is being typed


def typing(sessions: Sessions, page: str, question: str, choice: str = "") -> None:
    asyncio.run(sessions.typing(page, question, choice))


def settled(desk: FakeDesk, preparing: int) -> bool:
    until = time.monotonic() + 10
    while desk.preparing != preparing and time.monotonic() < until:
        time.sleep(0.005)
    return desk.preparing == preparing


def test_what_is_typed_is_made_ready_with_its_turns_and_limits_until_it_is_asked(
    desk: FakeDesk, sessions: Sessions
) -> None:
    ask(sessions, "a", "How high did it rise?")
    typing(sessions, "a", "And when was that?", json.dumps({"tags": ["sea"]}))
    assert settled(desk, 1)
    (question,) = desk.prepared
    assert question == Question("And when was that?", sessions.history("a"), Filter(tags=("sea",)))

    ask(sessions, "a", "And when was that?")
    assert settled(desk, 0)


def test_of_a_page_only_the_last_pause_counts(desk: FakeDesk, sessions: Sessions) -> None:
    typing(sessions, "a", "How high did")
    typing(sessions, "a", "How high did it rise?")
    typing(sessions, "a", "How high did it rise?")
    assert settled(desk, 1)
    assert [each.text for each in desk.prepared] == ["How high did", "How high did it rise?"]
    sessions.forget("a")
    assert settled(desk, 0)


@pytest.mark.parametrize("question", ["How high", "", "   "])
def test_a_few_words_are_not_enough(desk: FakeDesk, sessions: Sessions, question: str) -> None:
    typing(sessions, "a", question)
    assert desk.prepared == []


def test_nothing_is_made_ready_while_somebody_is_answered(desk: FakeDesk) -> None:
    askings = Askings(desk)
    sessions = Sessions(askings, Ahead(desk), desk.entries)
    asking = askings.begin("endless")
    typing(sessions, "b", "How high did it rise?")
    assert desk.prepared == []
    asking.stop()
    askings.close()


def test_what_fails_while_typing_is_told_with_the_question_only(
    desk: FakeDesk, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    typing(sessions, "a", "no model at all")
    typing(sessions, "a", "How high did it rise?")
    assert settled(desk, 1)
    assert caplog.records == []
    sessions.forget("a")
