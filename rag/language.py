"""The language of a short text, and what is told to a reader in it. Pure.

English, German, French, Spanish and Chinese, told apart by their commonest small words
(Grefenstette, "Comparing two language identification schemes", 1995), Chinese by its characters.
A question of four words mostly has two of them. Where it has none, or as many of two languages,
nothing is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["NAMES", "differ", "foreign", "language", "other_language", "refusal"]

_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_LEAST_HAN = 0.3

_SMALL = {
    "en": """a an the and or of to in on at by for with from is are was were be been has have had do
        does did will would can could should not that this these those it its he she
        they his her their there which who whom whose what when where why how many much
        than into about""",
    "de": """der die das den dem des ein eine einen einem einer eines und oder aber nicht kein keine
        ist sind war waren wird werden wurde wurden hat haben hatte hatten zu zum zur im
        am an auf aus bei mit nach seit von vom vor für über unter wer wen wem wessen
        was wann wo warum wie welche welcher welches welchen viel viele er sie es ihr
        sein seine dass sich auch als""",
    "fr": """le la les l un une des du de d et ou mais ne pas n est sont était étaient a ont avait
        sera à au aux en dans sur par pour avec depuis qui que qu quoi quand où pourquoi
        comment combien quel quelle quels quelles il elle ils elles ce cette ces son sa
        ses se s plus""",
    "es": """el la los las un una unos unas y o pero no es son fue fueron era eran ha han había del
        al de en a por para con desde sobre quién quiénes quien que qué cuándo cuando
        dónde donde cómo como cuánto cuánta cuántos cuántas cuál cuáles su sus se lo más""",
}
_WORDS = {name: frozenset(words.split()) for name, words in _SMALL.items()}

NAMES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "zh": "Chinese"}

_REFUSALS = {
    "en": "The articles don't say.",
    "de": "Das steht nicht in den Artikeln.",
    "fr": "Les articles ne le disent pas.",
    "es": "Los artículos no lo dicen.",
    "zh": "这些文章没有说明。",
}

_DIFFER = {
    "en": "The passages found are in {0}. What an answer says is checked word by word, which works "
    "best within one language: ask in {0} too.",
    "de": "Die gefundenen Stellen sind auf {0}. Antworten werden Wort für Wort geprüft, was am "
    "besten in einer Sprache geht: Fragen Sie auch auf {0}.",
    "fr": "Les passages trouvés sont en {0}. Les réponses sont vérifiées mot à mot, ce qui va "
    "mieux dans une seule langue : posez aussi la question en {0}.",
    "es": "Los pasajes encontrados están en {0}. Las respuestas se comprueban palabra por palabra, "
    "lo que va mejor en una sola lengua: pregunte también en {0}.",
    "zh": "找到的段落是{0}。答案要逐词核对,同一种语言的效果最好:请也用{0}提问。",
}
_NAMED = {
    "en": {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "zh": "Chinese"},
    "de": {"en": "Englisch", "de": "Deutsch", "fr": "Französisch", "es": "Spanisch",
           "zh": "Chinesisch"},
    "fr": {"en": "anglais", "de": "allemand", "fr": "français", "es": "espagnol", "zh": "chinois"},
    "es": {"en": "inglés", "de": "alemán", "fr": "francés", "es": "español", "zh": "chino"},
    "zh": {"en": "英文", "de": "德文", "fr": "法文", "es": "西班牙文", "zh": "中文"},
}  # fmt: skip


def language(text: str) -> str | None:
    """The language of `text`, one of NAMES; None where its words don't tell."""
    letters = sum(each.isalpha() for each in text)
    han = len(_HAN.findall(text))
    if letters and han >= _LEAST_HAN * letters:
        return None if _KANA_OR_HANGUL.search(text) else "zh"
    words = _WORD.findall(text.lower())
    counts = sorted(
        ((sum(word in small for word in words), name) for name, small in _WORDS.items()),
        reverse=True,
    )
    (most, best), (second, _) = counts[:2]
    return best if most > second else None


def foreign(text: str) -> bool:
    """Whether `text` is surely in another language than English."""
    return language(text) not in (None, "en")


def other_language(question: str, passages: Iterable[str]) -> str | None:
    """The language of the passages, where none is surely or possibly in the question's; else None.

    Where they are in several, the commonest.
    """
    asked = language(question)
    read = Counter(language(each) for each in passages)
    if asked is None or not read or None in read or asked in read:
        return None
    return read.most_common(1)[0][0]


def refusal(question: str) -> str:
    """What is said, in the question's language, when the passages do not hold the answer."""
    return _REFUSALS[language(question) or "en"]


def differ(question: str, read: str) -> str:
    """What is told, in the question's language, of passages in the language `read`."""
    mine = language(question) or "en"
    return _DIFFER[mine].format(_NAMED[mine][read])
