"""What every search by words promises; SQLite's FTS5 is the reference."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from index import tantivy
from index.catalog import Catalog
from index.library import Library, LibrarySettings
from index.words import WordSearch
from tests.fakes import HashEmbedder

ARTICLES = {
    "The harbour at Varn": "Two loaves were sold at the café. The ships were waiting in the rain.",
    "Bread": "A loaf of bread costs more than it did. Bakers were asked about their ovens.",
    "Ships": "A ship waits. Its captain, José Brandão, drank coffee before the storm began.",
    "Weather": "A storm is coming to the harbour, and the harbour is full. Rain is expected.",
}


@pytest.fixture(scope="module")
def drawn() -> list[dict[str, str]]:
    """Articles of words that are as unevenly frequent as those of a language, but for the words
    without a topic: one that is in most passages counts for nothing in FTS5 only.
    """
    draw = random.Random(7)
    words = [
        "".join(draw.choice("bdfgklmnprstv") + draw.choice("aeiou") for _ in range(3))
        for _ in range(900)
    ]
    weights = [1.0 / (20 + rank) for rank in range(len(words))]

    def text(length: int) -> str:
        return " ".join(draw.choices(words, weights, k=length)) + "."

    return [
        {"title": text(4), "text": "\n\n".join(text(draw.randint(8, 40)) for _ in range(4))}
        for _ in range(150)
    ]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory, drawn: list[dict[str, str]]) -> Catalog:
    folder = tmp_path_factory.mktemp("words")
    told = [{"title": title, "text": text} for title, text in ARTICLES.items()]
    (folder / "all.json").write_text(json.dumps(told + drawn), encoding="utf-8")
    library = Library(
        folder / "home", HashEmbedder(), LibrarySettings(chunk_tokens=40, words="fts5")
    )
    assert len(library.add([folder / "all.json"]).added) == len(told + drawn)
    library.close()
    return Catalog(folder / "home" / "library.sqlite")


def fts5(catalog: Catalog, _: Path) -> WordSearch:
    return catalog.words


def of_tantivy(catalog: Catalog, folder: Path) -> WordSearch:
    with contextlib.closing(catalog.texts()) as texts:
        tantivy.update(folder, texts, stopped=lambda: False)
    return tantivy.TantivyWords(folder)


@pytest.fixture(scope="module", params=[fts5, of_tantivy], ids=["fts5", "tantivy"])
def search(
    request: pytest.FixtureRequest, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> WordSearch:
    make: Callable[[Catalog, Path], WordSearch] = request.param
    return make(catalog, tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def number(catalog: Catalog) -> dict[str, int]:
    return {entry.title: entry.id for entry in catalog.entries()}


def owners(catalog: Catalog, found: list[tuple[int, float]]) -> list[str]:
    """The titles of the documents that passages are of, best first."""
    of = catalog.documents_of([each for each, _ in found])
    titles = {entry.id: entry.title for entry in catalog.entries()}
    return list(dict.fromkeys(titles[of[each]] for each, _ in found))


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("loaf", "Bread"),
        ("LOAVES", "The harbour at Varn"),
        ("Who was Jose Brandao?", "Ships"),
        ("José BRANDÃO", "Ships"),
        ("jose\u0301", "Ships"),
        ("the cafe", "The harbour at Varn"),
        ("asking bakers", "Bread"),
        ('"storm" AND (NEAR* harbour^2:', "Weather"),
        ("Varn", "The harbour at Varn"),
    ],
)
def test_finds_words_however_they_are_written(
    search: WordSearch, catalog: Catalog, question: str, first: str
) -> None:
    assert owners(catalog, search.passages(question, 10))[0] == first


def test_words_without_a_topic_are_left_out_unless_there_are_no_others(
    search: WordSearch, catalog: Catalog
) -> None:
    assert owners(catalog, search.passages("what is the oven of the zebra", 10)) == ["Bread"]
    assert search.passages("zebra", 10) == []
    assert len(owners(catalog, search.passages("what was in the", 10))) > 1


@pytest.mark.parametrize("question", ["", "  ", "?!", "\ud800", "…"])
def test_no_words_find_nothing(search: WordSearch, question: str) -> None:
    assert search.passages(question, 10) == []
    assert search.articles(question, 10) == []


def test_articles_count_their_titles_and_all_their_passages(
    search: WordSearch, number: dict[str, int]
) -> None:
    found = [each for each, _ in search.articles("harbour", 10)]
    assert found == [number["The harbour at Varn"], number["Weather"]]
    assert search.articles("captain bakers coffee", 10)[0][0] == number["Ships"]


def test_ranks_as_the_reference_does(
    search: WordSearch, catalog: Catalog, drawn: list[dict[str, str]]
) -> None:
    """Scores may be coarser: places are lost to what the reference finds nearly as good."""
    draw = random.Random(3)
    shared, worth = [], []
    for article in drawn[:40]:
        question = " ".join(draw.sample(article["text"].replace(".", "").split(), 5))
        for one, other in (
            (search.passages, catalog.words.passages),
            (search.articles, catalog.words.articles),
        ):
            found = one(question, 10)
            scores = [score for _, score in found]
            assert scores == sorted(scores, reverse=True)
            reference = other(question, 10_000)
            assert len(found) == min(10, len(reference))
            numbers = [number for number, _ in found]
            best = dict(reference[:10])
            shared.append(len(best.keys() & set(numbers)) / len(best))
            value = dict(reference)
            worth.append(sum(value[number] for number in numbers) / sum(best.values()))
    assert sum(shared) / len(shared) > 0.85
    assert sum(worth) / len(worth) > 0.985
    assert min(worth) > 0.9


def test_fewer_are_the_first_of_more(search: WordSearch, drawn: list[dict[str, str]]) -> None:
    question = drawn[0]["title"]
    scores = [score for _, score in search.passages(question, 50)]
    assert [score for _, score in search.passages(question, 5)] == pytest.approx(scores[:5])
    assert search.passages(question, 0) == []
    assert search.articles(question, 0) == []
    everything = search.passages(question, 10_000)
    assert len(everything) == len(dict(everything)) > 50


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.98])
@pytest.mark.parametrize("few", [0, 10**6], ids=["looked for", "filtered"])
def test_only_documents_asked_for_take_places(
    search: WordSearch,
    catalog: Catalog,
    drawn: list[dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    share: float,
    few: int,
) -> None:
    monkeypatch.setattr(tantivy, "_FEW", few)
    numbers = sorted(catalog.about())
    asked = frozenset(random.Random(5).sample(numbers, round(share * len(numbers))))
    of = catalog.documents_of([each for each, _ in search.passages(drawn[0]["title"], 10_000)])
    for article in drawn[:5]:
        everything = search.passages(article["title"], 10_000)
        expected = [score for each, score in everything if of.get(each, -1) in asked]
        found = search.passages(article["title"], 10, asked)
        assert {catalog.documents_of([each])[each] for each, _ in found} <= asked
        if set(of) >= {each for each, _ in everything}:
            assert [score for _, score in found] == pytest.approx(expected[:10])
        whole = search.articles(article["title"], 10_000)
        assert [score for _, score in search.articles(article["title"], 10, asked)] == (
            pytest.approx([score for each, score in whole if each in asked][:10])
        )


def test_unknown_documents_hold_nothing(search: WordSearch, drawn: list[dict[str, str]]) -> None:
    assert search.passages(drawn[0]["title"], 10, [10**6]) == []
    assert search.articles(drawn[0]["title"], 10, {10**6}) == []
