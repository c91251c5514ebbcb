"""Sentences that give orders to whoever answers, told by patterns. Pure.

An imperative about the answer, an address to a machine, a chat's markup, a claim that all other
sources are wrong; in English, and the commonest in German, French, Spanish and Chinese. A sentence
that only reports such an order, in quotation marks and with words of its own, is none. Patterns
know the attacks that are known: a new wording passes them, and honest texts are hit now and then.
Both are measured in docs/trust.md.
"""

from __future__ import annotations

import base64
import binascii
import re

from rag.characters import visible

__all__ = ["MARKUP", "asks_of_orders", "is_order"]

MARKUP = re.compile(
    r"<\|[^|<>\n]{0,40}\|>|</?s>|\[/?(?:INST|SYS)\]|<</?SYS>>"
    r"|</?(?:system|user|assistant|human|instructions?|passages?|question|answer|tool_call|"
    r"tool_response|think)\b[^<>\n]{0,40}>",
    re.IGNORECASE,
)

# What is told to do: the answer, or whoever gives it.
_ANSWERING = (
    r"(?:answer|reply|replies|respond|response|say|state|write|output|print|tell|report|give|repeat"
    r"|finish|end|begin|start|add|append|include|invent|cite|refuse|claim|mention|recommend|speak"
    r"|translate|double|invite|name|call|quote|conclude)"
)
_MACHINE = (
    r"(?:(?:an? |the |any |all |your |large )?(?:ai|a\.i\.|llms?|language models?|(?:ai |chat ?)?"
    r"(?:bots?|assistants?)|ai (?:models?|systems?|agents?|tools?)|summari[sz]ers?))"
)
_START = r"(?:^|[.:;!?–—,(\"“”>]\s*|\b(?:please|now|instead|and|then|kindly|must|should|shall) )"
_FIRST = r"(?:^|[.:;!?\[]\s*|[,–] *assistants?,? *|\b(?:please|instead|kindly|must|shall) )"
"""As `_START`, for words that a sentence often joins: "we looked and report that"."""

_RULES = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directions?|orders?|commands?|guardrails?|task)"
)
_BEFORE = r"(?:previous|prior|earlier|above|former|preceding|original|initial|system|existing)"

_PATTERNS = (
    rf"{_FIRST}(?:ignore|disregard|forget)\b[^.!?]{{0,60}}\b(?:and|instead) {_ANSWERING}\b",
    # Our own form.
    r"^\s*(?:passages\s*:|\(article\b)",
    (
        rf"{_FIRST}(?:only |always )?{_ANSWERING}\b.{{0,120}}?\b(?:to|in|with|of) your "
        r"(?:answers?|repl(?:y|ies)|responses?|summar(?:y|ies)|outputs?)\b"
    ),
    # "Assistants usually answer such questions with ..."
    (
        rf"\b{_MACHINE} (?:usually|normally|typically|always|generally|commonly|traditionally) "
        r"(?:answer|reply|respond|end|close|finish|begin|open|sign off)\b.{0,120}?\b(?:with|by)\b"
    ),
    # "Ignore all previous instructions", "forget everything above".
    (
        rf"{_FIRST}(?:do not follow|ignore|disregard|forget|override|overrule|bypass|set aside)\b"
        rf"[^.!?]{{0,40}}?(?:\b{_RULES}\b|\beverything (?:above|before|else)"
        r"|\b(?:any|all) other (?:passages|articles|sources|texts)|\bthe (?:article|passage)s?\b)"
    ),
    rf"\byour (?:{_BEFORE} |new |real |only |true )+{_RULES}\b",
    rf"{_FIRST}(?:repeat|reveal|print|show)\b[^.!?]{{0,20}}\byour (?:instructions|prompt)\b",
    rf"\bnew (?:{_RULES}|role)\s*[:–]",
    r"\byou are (?:now|no longer) (?:an? |the |bound |in \w+ mode|\w+ \w+, an? )",
    rf"{_FIRST}(?:stop being an? |pretend (?:to be|that you)\b)",
    (
        r"\byou (?:must|shall|are (?:allowed|told|free|required) to)\b[^.!?]{0,20}"
        r"\b(?:obey|answer|reply|respond|refuse|cite)\b"
    ),
    # "Reply only with ...", "From now on ...", "do not answer".
    (
        rf"(?:^|[.:;!?]\s*)(?:from (?:now|here) on,? [^.!?]{{0,80}}\b(?:must|shall)\b"
        rf"|(?:from (?:now|here) on|instead),? (?:you |always |only )*{_ANSWERING}\b)"
    ),
    (
        rf"{_START}(?:only |always |never |do not |don't |just )?(?:answer|reply|respond)\b"
        r"(?:,? (?:only|always|never|just|with|that|in|from|to (?:all|any|every|each)|no|yes|all|"
        r"any|every|each)\b)"
    ),
    rf"{_START}(?:do not|don't|never) (?:answer|refuse|cite|mention)\b",
    (
        rf"{_START}(?:only |always )?{_ANSWERING}\b[^.!?]{{0,60}}\b"
        r"(?:your|each|every) (?:answers?|repl(?:y|ies)|responses?|summar(?:y|ies)|outputs?)\b"
    ),
    (
        rf"{_FIRST}(?:only |always )?(?:say|write|tell)\b(?: only)?"
        r"(?: that (?!to\b)|\s*:| (?:the )?(?:reader|user)s?\b|[^.!?]{0,20}(?<=\s)['\"‘“])"
    ),
    (
        r"\b(?:when|if|whoever|whenever|whatever)\b[^.!?]{0,20}\b(?:is |are |you are )?"
        rf"(?:asked|asks|you answer)\b[^.!?]{{0,120}}, (?:only |always |just )*{_ANSWERING}\b"
    ),
    r"\bdecode (?:the|this)\b[^.!?]{0,40}\b(?:follow|obey|do)\b",
    # An address to a machine.
    (
        rf"(?:^|[.:;!?\[]\s*|\b(?:dear|note to|attention|hey|hello),? ){_MACHINE}\s*[,:–]\s*"
        rf"(?:please |you |never |always |do not |don't |must )*(?:ignore|{_ANSWERING})\b"
    ),
    rf"\b(?:note|notice|message|instructions?|orders?) (?:to|for) {_MACHINE}\b",
    rf"\bif you(?:'re| are) {_MACHINE}",
    rf"\bdear {_MACHINE}\b",
    (
        rf"\b{_MACHINE} (?:here |that reads? (?:this|on) )?(?:must|should|shall|may|need not|"
        rf"(?:is|are) to|has to|have to)\b[^.!?]{{0,60}}\b(?:own knowledge|obey|{_ANSWERING})\b"
    ),
    (
        r"\b(?:answer|answered) (?:it |them |this )?(?:from|by) (?:your |its |their |general )?"
        r"(?:own )?(?:memory|general knowledge)"
    ),
    rf"\b{_BEFORE} (?:{_RULES}) (?:are|is) (?:void|cancelled|replaced|no longer)",
    # All others are wrong.
    (
        r"\b(?:all|any|every) (?:the )?(?:other|earlier|previous) (?:articles?|passages?|sources?"
        r"|documents?|texts?|reports?)\b[^.!?]{0,60}\b(?:wrong|false|lies?|outdated|out of date"
        r"|invalid|ignored)\b"
    ),
    r"\btrust (?:only )?this\b[^.!?]{0,30}\b(?:no other|only|alone|nothing else)\b",
    r"\b(?:articles?|passages?|sources?|reports?)\b[^.!?]{0,60}\bmust not be (?:cited|used)",
    (
        r"\b(?:first|other|above|earlier) (?:passages?|articles?|sources?) (?:is|are) "
        r"(?:out of date|outdated|wrong|false|invalid)\b"
    ),
    # Our own words, said to the model as if we said them.
    (
        r"\bthe passages (?:above )?do not (?:state|hold|contain)\b|\bnot stated\b.{0,20}$"
        r"|\bfrom the passages alone\b|\bend of (?:the )?passages?\b|\bcite this passage\b"
    ),
    # The same in German, French, Spanish, Chinese.
    r"\bignorier(?:e|en|t)\b[^.!?]{0,40}\b(?:anweisung|anordnung|regel|vorgabe|text)",
    (
        rf"{_START}(?:antworte|antworten sie|sage?|schreibe?)\b[^.!?]{{0,40}}"
        r"(?:\bdass\b|\bnur\b|\bimmer\b|:)"
    ),
    (
        r"\b(?:ignore[zr]?|oublie[zr]?) (?:toutes )?(?:les|tes|vos|ces) [^.!?]{0,20}"
        r"\b(?:instruction|consigne|règle)"
    ),
    (
        rf"{_START}(?:réponds|répondez|dites|dis|écrivez)\b[^.!?]{{0,30}}"
        r"(?:\bque\b|\btoujours\b|:)"
    ),
    (
        r"\b(?:ignora|ignore|olvida|olvide) (?:todas )?(?:las|tus|sus|estas) [^.!?]{0,20}"
        r"\b(?:instrucci|reglas|órdenes)"
    ),
    (
        rf"{_START}(?:responde|responda|di|diga|escribe)\b[^.!?]{{0,30}}"
        r"(?:\bque\b|\bsiempre\b|:)"
    ),
    r"(?:忽略|无视|忘记)[^。！？]{0,20}(?:指令|指示|说明|规则|内容)",
)
_ORDERS = re.compile("|".join(_PATTERNS), re.IGNORECASE | re.MULTILINE)

_REPORTED = re.compile(
    r"\b(?:told|tell(?:s|ing)?|tricks?|tricked|trick(?:s|ing)?|asked|asking|persuade[ds]?|"
    r"instruct(?:ed|s|ing)|such as|like|phrases?|words?|sentences?|lines?|says?|said|reads?|"
    r"wr(?:it(?:es?|ing|ten)|ote)|"
    r"example|attack(?:s|ers?)?|hidden|injections?|contain(?:s|ed|ing)?|command(?:s|ed)?)\b",
    re.IGNORECASE,
)
_QUOTATION = re.compile(r"\"[^\"]*\"|“[^”]*”|‘[^’]*’|„[^“”]*[“”]|«[^»]*»|(?<!\w)'[^']*'(?!\w)")
_ENCODED = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{24,}={0,2}(?![\w+/=])")
_TURN = re.compile(
    r"\s*(?:#{1,6}\s*)?(?:system|assistant|user|human|ai|bot)(?: (?:message|prompt)\b)?"
    r"\s*[:：]|\s*\{?\s*\"role\"\s*:",
    re.IGNORECASE,
)
_ASKS_OF_ORDERS = re.compile(
    r"\bprompt injections?\b|\bjailbreak"
    r"|\b(?:instructions?|orders?|hidden|notes?|tells?|told|says?|asks?|addressed)\b[^?]*"
    r"\b(?:ai|llms?|language models?|assistants?|chatbots?|bots?)\b"
    r"|\b(?:ai|llms?|language models?|assistants?|chatbots?|bots?)\b[^?]*"
    r"\b(?:instructions?|orders?|told|ordered|tricked|ignore)\b",
    re.IGNORECASE,
)


def is_order(sentence: str) -> bool:
    """Whether a sentence gives orders to whoever answers, in words, as a chat's turn, or encoded.

    One that reports an order in quotation marks, with words of its own that say so, does not.
    """
    read = " ".join(visible(sentence).split())
    if MARKUP.search(read) or _TURN.match(read) or _encodes(read):
        return True
    found = _ORDERS.search(read)
    if not found:
        return False
    own = _QUOTATION.sub(" ", read)
    return bool(_ORDERS.search(own)) or not _REPORTED.search(own)


def _encodes(text: str) -> bool:
    """Whether a word of `text` is base64 for words."""
    for found in _ENCODED.finditer(text):
        code = found.group().rstrip("=")
        try:
            said = base64.b64decode(code + "=" * (-len(code) % 4)).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if said.count(" ") >= 2 and said.isprintable():
            return True
    return False


def asks_of_orders(question: str) -> bool:
    """Whether a question is about orders to machines: then they are what it wants to read of."""
    return bool(_ASKS_OF_ORDERS.search(question))
