"""Whether the passages hold the answer: from the model's own next-token probabilities. Pure.

Two readings, both from the keys and values that the answer needs anyway: what the model replies
when asked whether the question can be answered from the passages, and how likely it is to begin
its answer with the refusal that it was told to use. With them, how like the question the sentence
is that is most like it. A weighted sum (logistic regression) is a better judge than each. Weights
and bias were chosen on 700 questions, of SQuAD 2.0 and CLAPNQ; the bias for short answers, whose
prompt makes the model say "yes" less often, so that as many are answered (docs/trust.md).
"""

from __future__ import annotations

import math
import re

from rag import names
from rag.names import AUXILIARY
from rag.terms import terms
from rag.types import Form

YES_WEIGHT = 2.0
REFUSAL_WEIGHT = 0.1
SIMILARITY_WEIGHT = 5.5
WORDED_WEIGHT: dict[Form, float] = {"full": 0.41, "short": 0.0}
"""What brings a probability of .4 to .5. Not after the examples of short answers: there it let only
unanswerable questions pass (docs/trust.md)."""

BIAS: dict[Form, float] = {"full": -6.8, "short": -5.95}


def answerable(
    *, yes: float, refusal: float, similarity: float, worded: bool = False, form: Form = "full"
) -> float:
    """The probability that the passages state the answer.

    yes         the probability of "yes" against "no" when asked whether they do
    refusal     the probability that the answer begins with the refusal
    similarity  the cosine of the question and the sentence most like it of what is read
    worded      one sentence has most of the question's words: a long one is less like the question
                than it should be ("Where is the mill?", of which it says ten things more)
    form        of the answer that the prompt asks for
    """
    odds = (
        YES_WEIGHT * log_odds(yes)
        - REFUSAL_WEIGHT * log_odds(refusal)
        + SIMILARITY_WEIGHT * similarity
        + WORDED_WEIGHT[form] * worded
        + BIAS[form]
    )
    return 1.0 / (1.0 + math.exp(-odds))


def log_odds(probability: float) -> float:
    """Clipped, so that a certain model does not outvote everything else."""
    clipped = min(max(probability, 1e-4), 1.0 - 1e-4)
    return math.log(clipped / (1.0 - clipped))


_NUMBERS = (
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh"
    r"|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?"
)
_COUNTED = re.compile(r"\bhow many\b", re.IGNORECASE)
_NO_COUNT = re.compile(
    r"[$€£¥]\s?\d[\d.,]*(?:\s*(?:[mb]illion|trillion|bn|m)\b)?"
    r"|\d[\d.,]*\s*(?:%|percent\b|per cent\b|(?:[mb]illion |trillion )?(?:dollars|euros|pounds)\b)"
    r"|\b\d{1,2}(?:st|nd|rd|th)? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b"
    r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d{1,2}\b"
)
"""Figures that count nothing: sums of money, shares, days."""

_COUNT = re.compile(
    r"(?<![.,\d\w])\d[\d,.]*\b"
    rf"|\b(?:no|none|{_NUMBERS}|dozens?|"
    r"hundreds?|thousands?|millions?|billions?|decades?|century|centuries|several|many|few|both"
    r"|a couple|half|single)\b",
    re.IGNORECASE,
)
_SUMMED = re.compile(
    r"\bhow much\b[^?]{0,80}\b(?:money|costs?|pay|pays|paid|paying|spen[dt]|spending|worth|earns?|"
    r"raised?|invest(?:ed|ing)?|charged?)\b"
    r"|\bwhat (?:did|does|do|will|would) [^?,]{1,60} (?:earn|get paid|charge)\b"
    r"(?! (?:for|with|by)\b)"
    r"|\bwhat (?:did|does|do|will|would|was|is) (?:it|the|\w+'s) (?:\w+ )?"
    r"(?:costs?|price|salary)\b",
    re.IGNORECASE,
)
_SUM = re.compile(
    rf"\d|\b(?:free|nothing|half|{_NUMBERS}|dozens?|hundreds?|"
    r"thousands?|[mb]illions?|trillions?)\b",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"\bhow (?:(?:high|tall|deep|wide|thick|heavy|fast|old|far)\b|much (?!(?:do|does|did|can|could"
    r"|will|would|should|is|was|are|were|has|have|had|of|like|to|so)\b)\w)"
    r"|\bwhat (?:salary|price|fee|fine|rent|wage|percentage|proportion|sum|amount|temperature"
    r"|length|height|weight|speed|distance|dos(?:e|age))"
    r" (?:of|did|does|do|is|was|will|has|are|were)\b",
    re.IGNORECASE,
)
_MEASURE = re.compile(
    rf"{_SUM.pattern}|\b(?:all|most|none|no|little|lots?|much|more|less|majority|quarter|third"
    r"|fifth|tenth|enough|double|twice|triple|equal|same|full|whole|entire|several|few|many)\b",
    re.IGNORECASE,
)
"""What says how much or how far, in the widest sense."""

_LASTED = re.compile(r"\bhow long\b", re.IGNORECASE)
_LENGTH = re.compile(
    rf"(?:\d|\b(?:an?|{_NUMBERS}"
    r"|half|several|few|many|some|couple of|dozens?|hundreds?|thousands?|more|less|entire|whole))"
    r"[ -](?:[\w'’.,-]+ ){0,2}?(?:seconds?|minutes?|hours?|days?|nights?|weeks?|weekends?"
    r"|fortnights?|months?|years?|quarters?|seasons?|terms?|decades?|centur(?:y|ies)|generations?|lifetime"
    r"|moment|time|while|pages?|words?|lines?|k?m|km|[cm]m|(?:kilo|centi|milli)?met(?:re|er)s?|miles?"
    r"|yards?|feet|foot|ft|inch(?:es)?)\b"
    r"|\d-?(?:k?m|[cm]m|h|min|ft|yrs?)\b"
    r"|\b(?:until|till|since|forever|permanent(?:ly)?|indefinite(?:ly)?|overnight|always|never|from"
    r"|between|throughout|lifelong|life|long|years?|decades?|centuries|months?|weeks?)\b",
    re.IGNORECASE,
)
"""What says how long: a day on which something happened says it not."""

_YEARED = re.compile(r"\b(?:what|which) year\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
_WHEN = re.compile(
    r"^\W*(?:and )?(?:since |until |till )?when "
    r"(?:did|does|do|was|were|is|are|will|has|had|can|must)\b"
    r"|\b(?:what|which) (?:date|day|month)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\d|\b(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b"
    r"|(?i:\b(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|yesterday|today|tonight|tomorrow|now"
    r"|currently|already|always|never|immediately|soon(?:er)?|later|earlier|ago|daily|weekly|monthly"
    r"|yearly|annually|quarterly|once|twice|every|each|noon|midnight|dawn|dusk|mornings?|afternoons?"
    r"|evenings?|nights?|days?|weeks?|weekends?|months?|years?|quarters?|decades?|centur(?:y|ies)"
    r"|spring|summers?|autumn|fall|winters?|easter|christmas|holidays?|season|anniversary|birthday"
    r"|before|after|during|until|till|when|whenever|while|since|upon|following|early|late|end|start"
    r"|beginning|first|second|third|next|last|as soon as|one|two|three|four|five|six|seven|eight"
    r"|nine|ten|eleven|twelve)\b)"
)
"""What says a time, in the widest sense: an answer to "when" without any of it is none."""

_NO_TIME = re.compile(
    r"[$€£¥]\s?\d[\d.,]*|\d[\d.,]*\s*(?:%|percent\b|per cent\b|[mb]illion\b|trillion\b)",
    re.IGNORECASE,
)
"""Figures that say no time."""

_NAME_ASKED = re.compile(
    r"\b(?:which|what)(?: of the| other| two| three| (?-i:[A-Z])\w+)? "
    r"(?:investors?|compan(?:y|ies)|firms?|countr(?:y|ies)|nations?|cit(?:y|ies)"
    r"|universit(?:y|ies)|newspapers?|outlets?|banks?|airlines?|brands?|authors?|actors?|actress(?:es)?|singers?|artists?|politicians?|players?"
    r"|scientists?|generals?|emperors?|kings?|rivers?|islands?|clubs?)\b",
    re.IGNORECASE,
)
"""What is asked for by the kind of thing that has a name."""

_WRITER = re.compile(r"\bwho (?:wrote|authored)\b|\bwho (?:is|was) the author\b", re.IGNORECASE)
WRITING = re.compile(
    r"\b(?:wr(?:ote|ites?|iting|itten|iters?)|authors?|authored|draft\w*|pen(?:s|ned)"
    r"|publish\w*|compos\w*|prepared|signed|edit(?:s|ed|or)|poems?|poets?|novels?|novelist"
    r"|books?|plays?|letters?|(?:article|story|report|column|text|song|words) by)\b",
    re.IGNORECASE,
)
"""What speaks of writing something, in the widest sense."""

_ASKING = r"(?:who|whom|whose|what|which|when|where|why|how)\b"
_OPEN = re.compile(rf"\b{_ASKING}", re.IGNORECASE)
_ASKS_MORE = re.compile(
    rf"(?:^|[.?!,;:] |\b(?:and|or|but) )\W*{_ASKING}"
    rf"|\b(?:know|known|tell|say|said|explain|clear|remember|see|show|told)\b[^.?!]{{0,24}}\b{_ASKING}"
    rf"|\b(?:how|what|why|whose)\b",
    re.IGNORECASE,
)
"""What makes an open question of one that begins like a question of yes or no; "Did the line stop
when the pump tripped?" is none."""

_YES_OR_NO = re.compile(rf"(?:^|[.?!] )\W*{AUXILIARY}\b", re.IGNORECASE)
_OFFERS = re.compile(r"\b(?:or|between|either|neither)\b|:", re.IGNORECASE)
_SMALL = re.compile(
    r"\b(?:all|any|both|each|more|most|some|before|after|during|under|over|up|same)\b",
    re.IGNORECASE,
)
_ACRONYM = re.compile(r"\b[A-Z]{2,}\b")


def fits(question: str, answer: str) -> bool:
    """Whether an answer is of the kind asked for, where the question's words say which kind.

    "How many" wants a count, not a sum of money; "what did it cost" and "how high" want a figure,
    "how long" a length, "which year" a year, "when" a time, "which company" a name. (Answer typing,
    as in Li and Roth, "Learning Question Classifiers", 2002; only the kinds that words decide
    alone.)
    """
    if _COUNTED.search(question) and not _COUNT.search(_NO_COUNT.sub(" ", answer)):
        return False
    if _SUMMED.search(question) and not _SUM.search(answer):
        return False
    if _MEASURED.search(question) and not _MEASURE.search(answer):
        return False
    if _LASTED.search(question) and not _LENGTH.search(answer):
        return False
    if _WHEN.search(question) and not _TIME.search(_NO_TIME.sub(" ", answer)):
        return False
    if _WRITER.search(question) and not WRITING.search(answer):
        return False
    if _NAME_ASKED.search(question):
        asked = set(terms(question))
        if all(set(terms(name)) <= asked for name in names.found(answer)):
            return False
    return not _YEARED.search(question) or bool(_YEAR.search(answer))


def closed(question: str) -> bool:
    """Whether a question is one of yes or no."""
    return bool(_YES_OR_NO.search(question)) and not _ASKS_MORE.search(question)


def affirms(question: str, answer: str) -> bool:
    """Whether an answer to a question of yes or no only says that it is so, in its words.

    "Research is still done there.": no check can tell it from a right one, for it is made of words
    that passages about the same thing have anyway.
    """
    if not closed(question) or _OFFERS.search(question):
        return False
    return set(terms(answer)) <= set(terms(question))


def repeats(question: str, answer: str) -> bool:
    """Whether an answer to an open question has no word that the question lacks.

    A small model that finds nothing says its subject again (docs/trust.md).
    """
    closed = _YES_OR_NO.search(question) or _OFFERS.search(question)
    if closed or not _OPEN.search(question):
        return False
    return set(terms(answer)) <= set(terms(question)) and _small(answer) <= _small(question)


def _small(text: str) -> set[str]:
    """Words that mean nothing to `terms` and can be the whole of an answer."""
    return {word.lower() for word in _SMALL.findall(text)} | set(_ACRONYM.findall(text))
