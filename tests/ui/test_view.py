"""What the page shows at one moment of a question."""

from __future__ import annotations

from rag.types import Token, Withdrawn
from ui.view import View


def test_words_that_are_withdrawn_leave_the_page() -> None:
    begun = View("Who leads it?").after(Token("Nobody does."))
    assert "Nobody does." in begun.answer_pane()
    anew = begun.after(Withdrawn()).after(Token("Anna Holt leads"))
    assert "Nobody" not in anew.answer_pane()
    assert "Anna Holt leads" in anew.answer_pane()
    assert anew.busy
