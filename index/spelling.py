"""Misspelt words of a question, put right by the words that the library has.

A word is taken for misspelt where no passage or title has it, it is no common word nor made of one
("bonus" is no "bones"), and just one word of the library is a slip or two away. So a name that the
library lacks stays as it is. Compared are the stems that word search knows, by the optimal string
alignment distance (a letter added, left out or changed, or two swapped; Damerau, 1964), those only
that begin with the same letter, which slips mostly leave alone (Pollock and Zamora, 1984).
docs/retrieval.md has what it changed in public questions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rapidfuzz.distance import OSA

from index.database import Database, stems

__all__ = ["Spelling"]

_WORD = re.compile(r"[^\W\d_]+")

_SHORTEST = 5
_LONG = 9
"""Letters of a word in which two slips are looked for."""

_MOST = 8
"""Words of a question that are looked at, at most."""

_PASSAGES = 20
"""Passages in which the form of a word is looked for."""

_FEW = 50_000
"""Of more passages, words are compared that begin with the same two letters: of 190,000 those with
the same one take up to 1.4 s to list."""

_BEFORE = ("un", "re", "de", "im", "in", "dis", "non", "over", "under", "mis", "pre")
_BEHIND = ("s", "d", "r", "y", "es", "ed", "er", "ly", "ers", "ing", "ise", "ize", "ised", "ized")


class Spelling:
    """The words of one library. Safe to use from several threads."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def corrected(self, question: str, common: Callable[[Sequence[str]], Sequence[bool]]) -> str:
        """`question` with its misspelt words as the library has them, or just as it was.

        common: of each word, whether it is a common one
        """
        words = [word for word in dict.fromkeys(_WORD.findall(question)) if _may_be_wrong(word)]
        unknown = [word for word in words[:_MOST] if not self._has(word)]
        meant = {
            word: right
            for word in unknown
            if not any(common(_made_of(word))) and (right := self._meant(word))
        }
        return (
            _WORD.sub(lambda found: meant.get(found[0], found[0]), question) if meant else question
        )

    def _has(self, word: str) -> bool:
        return any(
            self._db.rows(f"SELECT 1 FROM {table} WHERE {table} MATCH ? LIMIT 1", f'"{word}"')
            for table in ("words", "articles")
        )

    def _meant(self, word: str) -> str:
        """The word of the library that was meant; "" where none is near, or several are."""
        self._open()
        stem = stems([word])[0]
        most = 2 if len(word) >= _LONG else 1
        terms = self._db.rows(
            "SELECT term FROM temp.vocabulary WHERE term >= ? AND term < ?",
            begin := stem[: 1 if self._few() else 2],
            begin[:-1] + chr(ord(begin[-1]) + 1),
        )
        near = sorted(
            (distance, term)
            for (term,) in terms
            if (distance := OSA.distance(stem, term, score_cutoff=most)) <= most
        )
        if not near or (len(near) > 1 and near[0][0] == near[1][0]):
            return ""
        return self._written(near[0][1], word, most)

    def _few(self) -> bool:
        return bool(self._db.rows("SELECT ifnull(max(id), 0) <= ? FROM chunk", _FEW)[0][0])

    def _written(self, term: str, word: str, most: int) -> str:
        """A stem as the passages write it, in the form nearest to `word`."""
        rows = self._db.rows(
            "SELECT text, header FROM chunk WHERE id IN"
            " (SELECT doc FROM temp.places WHERE term = ? LIMIT ?)",
            term,
            _PASSAGES,
        )
        forms = sorted({form for row in rows for text in row for form in _WORD.findall(text)})
        near = [
            (OSA.distance(word.lower(), form.lower()), form.istitle() > word.istitle(), form)
            for form, stem in zip(forms, stems(forms), strict=True)
            if stem == term
        ]
        distance, _, form = min(near, default=(most + 1, False, ""))
        if distance > most or _other_form(word, form):
            return ""
        return form.capitalize() if word.istitle() and form.islower() else form

    def _open(self) -> None:
        """The stems of the passages, and where they stand, as tables of this connection."""
        for name, kind in (("vocabulary", "row"), ("places", "instance")):
            table = f"temp.{name} USING fts5vocab(main, words, {kind})"
            self._db.rows(f"CREATE VIRTUAL TABLE IF NOT EXISTS {table}")


def _may_be_wrong(word: str) -> bool:
    """Too short a word is near to many, and "CoYMV" is a sign, no word."""
    return len(word) >= _SHORTEST and (word.isupper() or word[1:].islower())


def _made_of(word: str) -> list[str]:
    """A word, and what it may be made of by what stands before or behind it."""
    heads = [word, *(word[len(each) :] for each in _BEFORE if word.lower().startswith(each))]
    made = [
        *heads,
        *(each[: -len(end)] for each in heads for end in _BEHIND if each.endswith(end)),
    ]
    return [each for each in made if len(each) >= _SHORTEST - 1]


def _other_form(one: str, other: str) -> bool:
    """Whether two words differ in their last letter only, as "criticise" and "criticism" do."""
    return one[0].islower() and one[:-1] == other[:-1].lower()
