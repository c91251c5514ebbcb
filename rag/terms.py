"""Words folded so that a claim and its source meet: stems, figures, negation. Pure.

Stems are English. Of German, French and Spanish the commonest small words are left out too, where
they mean nothing in English ("die" and "son" stay), and accents are folded.
"""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?")
_NUMBER_WORDS = {
    word: str(n)
    for n, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
}
_STOP = frozenset(
    """
    a about after all also an and any are as at be because been before being but by can could did
    do does during each for from had has have he her his i if in into is it its more most no not
    of on or our over said say says she so some such than that the their them then there these
    they this those through to under up was we were what when where which while who whom whose why
    will with would you your passage passages article articles according state states stated
    """.split()
)
_FOREIGN_STOP = frozenset(
    """
    der das dem des ein eine einen einem einer eines und oder aber ist sind waren wird werden wurde
    wurden haben hatte zu zum zur im auf aus bei mit nach seit von vom für über wer wen wem wann wo
    warum wie welche welcher welches welchen sich auch als dass ihr ihre sein seine es er sie
    le la les l un une du et ou est sont était au aux dans pour avec depuis qui que qu quoi quand où
    pourquoi comment quel quelle quels quelles il elle ils elles ce cette ces sa ses se
    el los las una unos unas y pero fue fueron era han del por para desde quién cuándo dónde cómo
    cuál su sus lo
    """.split()
)
_IRREGULAR = dict(
    pair.split(":")
    for pair in (
        "left:leave began:begin begun:begin ran:run led:lead held:hold made:make paid:pay"
        " sold:sell bought:buy built:build won:win lost:lose met:meet told:tell took:take"
        " taken:take gave:give given:give went:go gone:go came:come became:become grew:grow"
        " grown:grow rose:rise risen:rise fell:fall fallen:fall spent:spend sent:send wrote:write"
        " written:write spoke:speak spoken:speak chose:choose chosen:choose"
        " find:found finds:found finding:found"
        " kept:keep brought:bring thought:think taught:teach caught:catch"
        " saw:see seen:see knew:know known:know got:get stood:stand understood:understand"
        " drew:draw drawn:draw broke:break broken:break drove:drive driven:drive"
        " used:use using:use died:die dying:die flew:fly flown:fly threw:throw thrown:throw"
        " felt:feel meant:mean hid:hide hidden:hide struck:strike stole:steal stolen:steal"
        " withdrew:withdraw withdrawn:withdraw shook:shake shaken:shake dealt:deal dug:dig fed:feed"
        " hung:hang heard:hear lit:light rode:ride ridden:ride rang:ring rung:ring swore:swear"
        " sworn:swear swept:sweep overtook:overtake overtaken:overtake undertook:undertake"
        " undertaken:undertake overcame:overcome laid:lay froze:freeze frozen:freeze"
        " shot:shoot sought:seek fought:fight lent:lend sang:sing sung:sing sank:sink sunk:sink"
        " ate:eat eaten:eat wore:wear worn:wear slept:sleep swam:swim tore:tear torn:tear"
    ).split()
)
_NEGATION = frozenset(
    "no not never none neither nor without cannot n't nicht kein keine keinen keiner pas jamais"
    " nunca".split()
)


def terms(text: str) -> list[str]:
    """The words that carry meaning, folded so that forms of one word meet."""
    return [folded for folded, _ in spelt(text)]


_APOSTROPHE = re.compile(r"(?<=\w)[‘’ʼ´`′＇](?=\w)")


def straight(text: str) -> str:
    """`text` with one sign for the apostrophe, of the same length: pages have "Meta‘s" too."""
    return _APOSTROPHE.sub("'", text)


def spelt(text: str) -> list[tuple[str, str]]:
    """As `terms`, each with the word as it is written, in small letters."""
    found = []
    for word in _WORD.findall(straight(text)):
        lower = word.lower().removesuffix("'s")
        if lower[0].isdigit():
            found.append((lower.replace(",", "").rstrip("."), lower))
        elif lower in _NUMBER_WORDS:
            found.append((_NUMBER_WORDS[lower], lower))
        elif lower in _NEGATION or lower.endswith("n't"):
            found.append(("not", lower))
        elif lower not in _STOP and lower not in _FOREIGN_STOP:
            found.append((_stem(unaccented(lower)), lower))
    return found


_NAME = re.compile(r"(?<=[^\W\d_][ ,])\s*([A-Z][^\W\d_]+(?:['’][^\W\d_]+)?)")


def named(text: str) -> list[str]:
    """The folded words of names: capitalised words inside a sentence.

    A sentence's first word may be capitalised anyway.
    """
    return [word for name in _NAME.findall(text) for word in terms(name)]


def unaccented(word: str) -> str:
    """`word` in small letters without accents, and "ß" as "ss"."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def _stem(word: str) -> str:
    """Takes off the commonest English endings: enough to match a claim to its source."""
    word = _IRREGULAR.get(word, word)
    if len(word) > 5 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "s", "ly", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            stem = word[: -len(ending)]
            if len(stem) > 3 and stem[-1] == stem[-2]:  # planned → plan
                stem = stem[:-1]
            return stem.removesuffix("e") if ending == "s" and len(stem) > 3 else stem
    return word
