"""Rules about the names in a claim: known, told of what was asked, in their own place. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from rag import names
from rag.quotable import Sentence
from rag.terms import named, terms

__all__ = ["names_belong", "names_in_place", "names_known"]

_SOMEBODY = re.compile(r"(?:He|She)\b")
_SMALL = re.compile(r"\b[a-z]\w*")
_SAME_SHARE = 0.7
_FEWEST_ALIGNED = 6
_NAME_SHARE = 0.34
_PEOPLE = re.compile(r"(?:e?i?an?|i|ish|es|in)")
"""How the word for a place's people ends, folded: Arabian, Iraqi, Turkish, Japanese."""

_SHORTEST_ROOT = 4


def names_belong(claim: str, question: str, candidates: Sequence[Sentence]) -> bool:
    """Whether each name that the claim adds to the question stands beside what was asked about.

    "P-204 was made by Mette Dahl", who is in the passages for something else: some sentence with
    the name, or its article's title, must have a share of the question's words that the claim has;
    where it says "she" or "it", the passage before it may have them.
    """
    asked = frozenset(terms(question))
    added = [word for word in named(claim) if word not in asked]
    others = asked & frozenset(terms(claim))
    return not others or all(
        any(
            name in each.own and len(others & each.near) > _NAME_SHARE * len(others)
            for each in candidates
        )
        for name in added
    )


def names_in_place(
    claim: str, question: str, spans: Sequence[Sentence], candidates: Sequence[Sentence]
) -> bool:
    """Whether no name of a claim stands where a sentence that says the same has another.

    "Lund offers tides as an example", where it is Berg who does: word by word the one is the other,
    but for the name. Nor where it has "he", and nobody of that name stands before it. (The
    alignment of Ratcliff and Obershelp, as in `difflib`.)
    """
    said = terms(claim)
    if len(said) < _FEWEST_ALIGNED:
        return True
    plain = {
        word for text in (question, *(each.text for each in candidates))
        for word in terms(" ".join(_SMALL.findall(text)))
    }  # fmt: skip
    mine = {word for name in names.found(claim) for word in terms(name)} - plain
    for each in spans:
        foreign = mine - each.words
        if not foreign:
            continue
        stated = terms(each.text)
        theirs = {word for name in names.found(each.text) for word in terms(name)}
        match = SequenceMatcher(None, said, stated, autojunk=False)
        same = sum(block.size for block in match.get_matching_blocks())
        if same < _SAME_SHARE * len(said):
            continue
        if each.span.start and _SOMEBODY.match(each.text) and not foreign <= each.near:
            return False
        if any(
            foreign & set(said[start:end]) and theirs & set(stated[at:until])
            for kind, start, end, at, until in match.get_opcodes()
            if kind == "replace"
        ):
            return False
    return True


def names_known(claim: str, candidates: Sequence[Sentence]) -> bool:
    """Whether every name in the claim stands somewhere in the passages, or a word for its people.

    "Saudi Arabia" is known where "Saudi Arabian officials" are.
    """
    known = frozenset().union(*(each.context for each in candidates))
    return all(word in known or _has_people(word, known) for word in named(claim))


def _has_people(place: str, words: frozenset[str]) -> bool:
    root = place.rstrip("aeiouy")
    if len(root) < _SHORTEST_ROOT:
        return False
    return any(word.startswith(root) and _PEOPLE.fullmatch(word[len(root) :]) for word in words)
