"""Bytes as text, whatever encoding they are in. Pure.

UTF-8 unless the bytes say otherwise: a mark, zero bytes that stand as in UTF-16, a declared
encoding, the look of Western prose, and a detector's guess come in this order.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from index.errors import ReadError

__all__ = ["decode"]

_SAMPLE = 1 << 18  # bytes that an encoding is guessed from
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like the mark of UTF-16, so it comes first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\v\b\x1b")) + b"\x7f"
# Letters and signs of Western European prose. In other 8-bit encodings their bytes are others.
_WESTERN = frozenset(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüÿœßÀÁÂÄÅÆÇÈÉÊËÍÑÓÖØÚÜŒ“”„‘’‚–—…•«»‹›€£§©®™°·¿¡ºª½\xa0"
)
_INSIDE_WORD = re.compile(r"(?<=[^\W\d_])[“„‚…•«»‹›€£§©®™°¿¡½](?=[^\W\d_])")


def decode(data: bytes, declared: str | None = None) -> str:
    """Bytes as text with "\\n" line ends, without a byte order mark, otherwise as they stand.

    declared  the encoding that the file names, tried where the bytes are not UTF-8

    Bytes that fit no encoding become U+FFFD. Raises `ReadError` for binary data.
    """
    return _decoded(data, declared).replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, declared: str | None) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if b"\0" in data:
        return _wide(data)
    control = len(data) - len(data.translate(None, _CONTROL))
    if control > 0.05 * len(data):
        raise ReadError("is not text: it consists of control characters; remove or convert it")
    # An encoding that is stated counts before UTF-8 only where it shifts with escapes (ISO-2022).
    stated = ("utf-8", declared) if b"\x1b" not in data else (declared, "utf-8")
    for encoding in filter(None, stated):
        try:
            text = data.decode(encoding)
            text.encode()  # some encodings give halves of surrogate pairs
            return text
        except (LookupError, ValueError):
            continue
    return _guessed(data)


def _wide(data: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, told from binary data by giving only printable text."""
    sample = data[:_SAMPLE]
    ascii_ = len(sample) - len(sample.translate(None, bytes(range(32, 127))))
    stray = sample.count(0) < 0.2 * len(sample) and ascii_ > 0.75 * len(sample)
    texts = []
    for encoding in () if stray else ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except ValueError:
            continue
        if _is_printable(text[:_SAMPLE]):
            texts.append(text)
    if not texts:
        raise ReadError("is not text: it holds NUL bytes, as binary files do; remove or convert it")
    return max(texts, key=lambda text: sum(map(str.isascii, text[:_SAMPLE])))


def _guessed(data: bytes) -> str:
    """Bytes that are not valid UTF-8, in the likeliest encoding."""
    text = data.decode("utf-8", "replace")
    good = sum(not ch.isascii() for ch in text)
    if 10 * text.count("\ufffd") <= good:
        return text  # UTF-8 after all, with a flaw
    western = data.decode("cp1252", "replace")
    signs = {ch for ch in western if not ch.isascii()}
    # The detector below takes short English text with one curly quote for Central European.
    if signs <= _WESTERN and not _INSIDE_WORD.search(western) and good < 0.3 * len(data):
        return western
    from charset_normalizer import from_bytes

    sample = data[:_SAMPLE].rpartition(b"\n")[0] if len(data) > _SAMPLE else data
    try:
        best = from_bytes(sample or data[:_SAMPLE]).best()
        guess = data.decode(best.encoding, "replace") if best else text
    except Exception:  # whatever it meets in arbitrary bytes, the text is still readable in part
        return text
    return guess if _is_printable(guess[:_SAMPLE]) else text


def _is_printable(text: str) -> bool:
    odd = sum(
        unicodedata.category(ch) in {"Cc", "Cn", "Co", "Cs"} and ch not in "\t\n\r\f\v\b\x1b"
        for ch in text
    )
    return odd <= 0.001 * len(text)
