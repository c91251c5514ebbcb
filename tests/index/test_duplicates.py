"""Versions of one article are told from articles that only share a subject."""

from __future__ import annotations

import random

import pytest

from index.duplicates import THRESHOLD, bands, jaccard, shingles

RANDOM = random.Random(11)
WORDS = [f"{a}{b}" for a in "bdfgklmnprstv" for b in ("ana", "elo", "iri", "oru", "ume", "alt")]


def article(sentences: int, seed: int) -> list[str]:
    """Sentences of made-up words."""
    source = random.Random(seed)
    return [
        " ".join(source.choices(WORDS, k=source.randint(9, 22))).capitalize() + "."
        for _ in range(sentences)
    ]


def alike(one: list[str], other: list[str]) -> float:
    return jaccard(shingles(" ".join(one)), shingles(" ".join(other)))


def updated(sentences: list[str]) -> list[str]:
    """A correction: a sentence rewritten, one added."""
    changed = list(sentences)
    changed[3] = article(1, 900)[0]
    return [*changed, article(1, 901)[0]]


def syndicated(sentences: list[str]) -> list[str]:
    """A partner's copy: its own first line, and its last sentence cut."""
    return ["Reporting by a partner of this paper, first seen elsewhere.", *sentences[:-1]]


@pytest.mark.parametrize("change", [updated, syndicated])
@pytest.mark.parametrize("length", [25, 40, 120])
def test_versions(change: object, length: int) -> None:
    original = article(length, length)
    other = change(original)  # type: ignore[operator]
    assert alike(original, other) >= THRESHOLD
    assert set(bands(shingles(" ".join(original)))) & set(bands(shingles(" ".join(other))))


def test_layout_and_case_do_not_matter() -> None:
    text = " ".join(article(20, 5))
    assert jaccard(shingles(text), shingles("\n\n".join(text.upper().split(" ")))) == 1


def test_a_rewritten_article_is_another_one() -> None:
    original = article(30, 7)
    rewritten = [article(1, n)[0] if n % 2 else each for n, each in enumerate(original)]
    assert alike(original, rewritten) < THRESHOLD


def test_a_form_filled_in_twice_is_two_documents() -> None:
    def report(month: str, number: int) -> str:
        return " ".join(
            f"In {month} the {place} office sold {number + n} of its products, which is "
            f"{number % 7 + n} percent more than in the month before that."
            for n, place in enumerate(("northern", "southern", "eastern", "western"))
        )

    assert jaccard(shingles(report("May", 4120)), shingles(report("June", 3977))) < THRESHOLD


def test_a_quotation_does_not_make_a_version() -> None:
    original = article(30, 8)
    assert alike(original, [*article(20, 9), *original[:6]]) < THRESHOLD


def test_too_short_to_tell() -> None:
    assert len(shingles("The library is closed on Monday.")) == 0
    assert bands(shingles("The library is closed on Monday.")) == []
    assert jaccard(shingles(""), shingles("")) == 0


def test_scripts_without_spaces() -> None:
    text = "港の満潮は三月に四メートルに達し港長は六時間にわたり下の岸壁を閉鎖したと発表した"
    assert jaccard(shingles(text), shingles(text[1:])) > THRESHOLD


def test_bands_find_nearly_all_and_little_else() -> None:
    found = other = 0
    for seed in range(60):
        base = article(40, 1000 + seed)
        version = list(base)
        for at in RANDOM.sample(range(40), 2):
            version[at] = article(1, 5000 + seed * 10 + at)[0]
        keys = set(bands(shingles(" ".join(base))))
        found += bool(keys & set(bands(shingles(" ".join(version)))))
        other += bool(keys & set(bands(shingles(" ".join(article(40, 9000 + seed))))))
    assert found >= 59
    assert other == 0


def test_bands_stay_what_they_are() -> None:
    # They are stored: another value would never meet those in a library on disk.
    keys = bands(shingles(" ".join(article(10, 1))))
    assert len(keys) == 20
    assert keys[0] == 578161879481019917
