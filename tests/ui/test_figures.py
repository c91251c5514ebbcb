from __future__ import annotations

from rag.answers import Asked
from rag.grounding import Scored, Text, judged
from rag.judging import figures, judge
from rag.measures import Share
from rag.trial import Outcome, Quoted, Said
from rag.types import Claim
from ui import figures as shown


def outcome(answer: str) -> Outcome:
    quote = Quoted(("normans",), "Their leader Rollo\nswore fealty.")
    return Outcome(
        "q", answer, "" if answer else "judgement", None,
        (Said(answer, True, 0.9, (quote,)),) if answer else (), (quote,), 2.0, 3.0, 300, 5,
    )  # fmt: skip


ASKED = Asked("q7", "Who led the Norse?", ("Rollo",), ("normans",))


def test_figures_of_answers() -> None:
    found = figures([judge(ASKED, outcome("Rollo")), judge(ASKED, outcome(""))], choosing=False)
    lines = shown.answers(found, {"F1, all": Share(0.25, 0.1, 0.4, 2)})
    text = "\n".join(lines)
    assert lines[0] == "2 questions, 2 of them with a known answer"
    assert "exact match, has answer              0.500  (0.095 to 0.905, n = 2)" in text
    assert "exact match, no answer               not judged" in text
    assert "published: F1, all                   0.250  (0.100 to 0.400, n = 2)" in text
    assert "finished after 3.0 s (median; 95 % below 3.0 s)" in text
    assert "    1  refused (judgement): answer read" in lines[-1]


def test_failures_of_each_kind() -> None:
    right, wrong, refused = (judge(ASKED, outcome(each)) for each in ("Rollo", "Hrolf " * 99, ""))
    text = "\n".join(shown.failures([right, wrong, wrong, refused], 1))
    assert text.count("q7") == 2
    assert "[wrong: answer read] q7: Who led the Norse?" in text
    assert "known: Rollo" in text
    assert "said:  refused" in text
    assert "normans: Their leader Rollo swore fealty." in text
    assert " …" in text
    assert shown.failures([right, wrong], 0) == []


def test_figures_of_the_check() -> None:
    scored = [
        Scored(Text("a", "x", (), True), 0.2, Claim("It grinds.", False, 0.2), 3),
        Scored(Text("b", "x", (), False), 0.9, None, 0),
        Scored(Text("c", "x", (), True), 0.95, None, 0),
    ]
    text = "\n".join(
        shown.grounding(judged(scored, hallucinated=False, threshold=0.5), hallucinated=False)
    )
    assert "3 texts, 2 of them supported" in text
    assert "F1 of supported at 0.5 (answer.min_support): 0.500" in text
    assert "0.9 to 1.0        2        0.925       0.500" in text
    examples = shown.misjudged(scored, 0.5, 5)
    assert "[supported, scored low] a: 0.20" in examples
    assert "  worst claim of 3: It grinds." in examples
    assert "[not supported, scored high] b: 0.90" in examples
    assert shown.misjudged(scored, 0.5, 0) == []
