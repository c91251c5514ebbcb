"""A few words as the passages have them: "Dodgers" becomes "Los Angeles Dodgers". Pure.

A small model that is asked for a few words shortens names, and turns words into figures. The words
before a name that are part of it are capitalised too, so the passages tell them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rag.terms import spelt

__all__ = ["as_written", "in_full"]

_LONGEST = 2
"""Words of a name that may lack its beginning."""

_NO_PART = frozenset(
    """
    a an the and but or so yet now only even like both many if as at by for from in into of on to
    with when while after before since though although because it its he his she
    her they their this that these those former late
    president vice chairman chairwoman chair minister prime secretary senator sen rep governor gov
    mayor king queen prince princess pope judge justice general gen colonel captain sergeant ceo
    cfo coach director professor prof dr mr mrs ms sir lord lady dame saint actor actress singer
    monday tuesday wednesday thursday friday saturday sunday january february march april may june
    july august september october november december
    """.split()
)


def in_full(name: str, cited: Sequence[str], passages: Sequence[str]) -> str:
    """`name` with the capitalised words that stand before it.

    cited     what the answer is cited to; its own wording is taken before that of `passages`
    passages  all that was read; where these complete the name in several ways, it stays as it is
    """
    words = name.split()
    if not 1 <= len(words) <= _LONGEST or not all(word[0].isupper() for word in words):
        return name
    for texts in (cited, passages):
        found = Counter(longer for text in texts for longer in _longer(name, text))
        if len(found) == 1:
            return next(iter(found))
        if found:
            return name
    return name


def _longer(name: str, text: str) -> list[str]:
    found = []
    for match in re.finditer(
        rf"((?:[A-Z][\w'’-]*[.]? ){{1,3}}){re.escape(name)}\b(?!['’]?\w)", text
    ):
        before = match[1].split()
        # What opens a sentence is capitalised anyway; a title or an owner is no part of a name.
        for at in range(len(before) - 1, -1, -1):
            word = before[at].replace("’", "'")
            if word.rstrip(".").lower() in _NO_PART or word.endswith(("'s", "s'")):
                before = before[at + 1 :]
                break
        # "New" is part of many names; as a sentence's first word, alone, it is not.
        if before == ["New"] and _opens(text, match.start()):
            continue
        if before:
            found.append(" ".join([*before, name]))
    return found


def _opens(text: str, at: int) -> bool:
    """Whether a sentence begins there."""
    return text[:at].rstrip(" \n\"“‘'")[-1:] in ("", ".", "?", "!", ":")


def as_written(answer: str, cited: Sequence[str]) -> str:
    """`answer` with its numbers in words or in figures, as what it is cited to has them."""
    theirs = {pair for text in cited for pair in spelt(text) if pair[0].isdigit()}
    for folded, mine in spelt(answer):
        forms = [word for number, word in theirs if number == folded]
        if folded.isdigit() and len(forms) == 1 and mine not in forms:
            answer = re.sub(
                rf"(?<![\w.,]){re.escape(mine)}(?![\w]|[.,]\d)",
                forms[0],
                answer,
                flags=re.IGNORECASE,
            )
    return answer
