"""Values to HTML. Pure, standard library only.

Articles and models are not trusted: all that comes from them is escaped, and nothing of it becomes
a link, an image or a script. The only links lead from a `[n]` marker to a passage on the page, and
to an answer's receipt.
`answer_text` and `answer_json`, for terminals and programs, stand in `ui.plain`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from index.dates import in_words, is_iso
from index.types import Entry
from rag.types import Answer, Claim, Cost, Source, Status
from ui.cited import also_told, displayed, file_name, quoted, stretches, supporting
from ui.plain import (
    AS_OF,
    CLOSEST,
    NEAREST,
    UNDERSTOOD,
    answer_json,
    answer_text,
    counted,
    energy,
    notes,
    source_json,
)
from ui.prose import Links, blocks, escaped, mark_id

__all__ = [
    "answer_html",
    "answer_json",
    "answer_text",
    "date_html",
    "error_html",
    "footer_html",
    "library_html",
    "source_json",
    "sources_html",
    "status_html",
    "stopped_html",
    "streaming_html",
]

_CODE = re.compile(r"`([^`]+)`")
_UNFINISHED = re.compile(r"\s*\[[\d,;\s]*$")
_SNIPPET = 120


def answer_html(answer: Answer) -> str:
    """A finished answer: cited, its unsupported claims marked; or the refusal.

    Before it, the question that was answered, where that is not the one that was typed.
    """
    taken = _note(f"{UNDERSTOOD} {escaped(answer.understood)}") if answer.understood else ""
    if answer.refused:
        told = _note(escaped(answer.note)) if answer.note else ""
        return (
            f'{taken}<div class="rd-refusal"><h2>{escaped(answer.text)}</h2>'
            f"{_nearest(answer)}</div>{told}"
        )
    body = blocks(answer.text, stretches(answer), Links(answer.sources, answer.claims))
    below = [*notes(answer), escaped(answer.note)]
    below += [f"{AS_OF} {date_html(answer.as_of)}"] if answer.as_of else []
    return f'{taken}<div class="rd-text">{body}</div>' + "".join(map(_note, filter(None, below)))


def streaming_html(text: str, status: Status | None = None, sources: Sequence[Source] = ()) -> str:
    """An answer as far as it is written, not yet checked, and what is being done."""
    shown = _UNFINISHED.sub("", text)
    body = ""
    if shown.strip():
        body = f'<div class="rd-text rd-writing">{blocks(shown, (), Links(sources))}</div>'
    return body + (status_html(status) if status else "")


def stopped_html(text: str, sources: Sequence[Source] = ()) -> str:
    """What was written when the reader stopped it."""
    if not text.strip():
        return _note("Stopped.")
    body = blocks(_UNFINISHED.sub("", text), (), Links(sources))
    return f'<div class="rd-text">{body}</div>' + _note(
        "Stopped. What is written here has not been checked against the articles."
    )


def status_html(status: Status, elapsed_s: float = 0.0) -> str:
    """What is being done now, with a bar, and how long it has taken so far."""
    value = ""
    if status.fraction is not None:
        value = f' value="{min(max(status.fraction, 0.0), 1.0):.3f}"'
    elapsed = f"{elapsed_s:.0f} s" if elapsed_s >= 1 else ""
    text = escaped(status.text)
    return (
        f'<div class="rd-status"><p><span role="status">{text}</span>'
        f'<span class="rd-elapsed" role="timer" aria-live="off">{elapsed}</span></p>'
        f'<progress aria-label="{text}" max="1"{value}></progress></div>'
    )


def error_html(message: str) -> str:
    """Something that went wrong, told to the reader. `code` in backticks is set as such."""
    told = _CODE.sub(r"<code>\1</code>", escaped(message))
    return f'<div class="rd-error" role="alert"><p>{told}</p></div>'


def footer_html(answer: Answer) -> str:
    """What the answer took."""
    took = answer.timings
    parts = [f"{counted(len(answer.sources), 'passage')} in {_seconds(took.retrieve_s)}"]
    if took.first_token_s:
        parts.append(f"first word after {_seconds(took.first_token_s)}")
    parts.append(f"finished in {_seconds(took.total_s)}")
    if took.prompt_tokens:
        parts.append(f"{counted(took.prompt_tokens, 'token')} read, {took.answer_tokens:,} written")
    if answer.cost:
        parts.append(_energy(answer.cost))
    parts += [escaped(answer.model), "runs on this machine"]
    if answer.id:
        parts.append(_receipt(answer.id))
    return f'<p class="rd-footer">{_dotted(parts)}</p>'


def sources_html(
    sources: Sequence[Source], claims: Iterable[Claim] | None = None, *, refused: bool = False
) -> str:
    """The passages as cards.

    claims   the answer's (`ui.cited.displayed`): what they cite is marked, and passages that they
             do not cite follow, quieter. None: there is no answer yet
    refused  the passages do not hold the answer
    """
    held = tuple(claims or ())
    if refused or claims is None:
        heading = CLOSEST if refused else "Passages found"
        return _group(heading, [_card(each, held) for each in sources])
    used = {citation.number for citation in supporting(held)}
    cited = [_card(each, held) for each in sources if each.number in used]
    rest = [_quiet(each, held) for each in sources if each.number not in used]
    return _group("Cited passages", cited) + _group("Also found", rest)


def library_html(entries: Sequence[Entry]) -> str:
    """How many articles the library holds, and the list of them, folded."""
    if not entries:
        return (
            '<p class="rd-library rd-library-empty">The library is empty. '
            "Add articles with <code>refdesk add PATH</code>.</p>"
        )
    items = "".join(
        f'<li><span>{escaped(entry.title)}</span><span class="rd-meta">'
        f"{_dotted([date_html(entry.date), escaped(entry.source or '')])}</span></li>"
        for entry in entries
    )
    return (
        f'<details class="rd-library"><summary>{counted(len(entries), "article")} in the library'
        f"</summary><ol>{items}</ol></details>"
    )


def _nearest(answer: Answer) -> str:
    """What comes nearest to an answer, where there is none."""
    if not answer.nearest:
        told = "The closest passages are shown, so that you can judge for yourself."
        return f"<p>{told}</p>" if answer.sources else ""
    claims = displayed(answer)
    links = Links(answer.sources, claims)
    quotes = "".join(f'<li dir="auto">{escaped(each.text)}{links.to(each)}</li>' for each in claims)
    return (
        f'<p>{NEAREST}, so that you can judge for yourself:</p><ul class="rd-nearest">{quotes}</ul>'
    )


def _energy(cost: Cost) -> str:
    if cost.measured:
        why = "Measured by the processor: what it took meanwhile, for all that ran on it."
    else:
        why = "An estimate: the processor’s busy time and the watts that the settings say."
    return f'<span title="{why}">{escaped(energy(cost))}</span>'


def _receipt(key: str) -> str:
    name = escaped(key)
    return (
        f'<a class="rd-receipt" href="/api/receipts/{name}" download="refdesk-{name}.json"'
        ' title="All that this answer was made from, as a file: what was asked, read and said.">'
        f"receipt {name}</a>"
    )


def _group(heading: str, cards: Sequence[str]) -> str:
    if not cards:
        return ""
    return f'<section class="rd-group"><h2>{heading}</h2>{"".join(cards)}</section>'


def _card(source: Source, claims: Sequence[Claim] = ()) -> str:
    return (
        f'<article class="rd-source" id="rd-source-{source.number}" tabindex="-1">'
        f'<h3><span class="rd-number">{source.number}</span>{escaped(source.title)}</h3>'
        f"{_passage(source, claims)}</article>"
    )


def _quiet(source: Source, claims: Sequence[Claim]) -> str:
    return (
        f'<details class="rd-source rd-quiet" id="rd-source-{source.number}" tabindex="-1">'
        f'<summary><span class="rd-number">{source.number}</span>{escaped(source.title)}'
        f'<span class="rd-snippet">{escaped(source.text[:_SNIPPET])}</span></summary>'
        f"{_passage(source, claims)}</details>"
    )


def _passage(source: Source, claims: Sequence[Claim]) -> str:
    page = f"page {source.page}" if source.page is not None else ""
    where = [
        date_html(source.date),
        page,
        f'<span class="rd-file">{escaped(file_name(source.document))}</span>',
        f"characters {source.start}–{source.end}",
    ]
    parts = []
    here = 0
    for n, span in enumerate(quoted(source, claims), 1):
        parts.append(escaped(source.text[here : span.start]))
        quote = escaped(span.of(source.text))
        parts.append(f'<mark id="{mark_id(source.number, n)}">{quote}</mark>')
        here = span.end
    parts.append(escaped(source.text[here:]))
    also = also_told(source.document, source.also_in)
    others = f'<p class="rd-meta rd-also">Also in: {escaped(also)}</p>' if also else ""
    return (
        f'<p class="rd-meta">{_dotted(where)}</p>{others}'
        f'<blockquote dir="auto">{"".join(parts)}</blockquote>'
    )


def _note(text: str) -> str:
    return f'<p class="rd-note">{text}</p>'


def date_html(date: str | None) -> str:
    """An ISO date, or part of one, in words."""
    if not date:
        return "date unknown"
    if not is_iso(date):
        return escaped(date)
    return f'<time datetime="{date}">{in_words(date)}</time>'


def _dotted(parts: Iterable[str]) -> str:
    """Parts with dots between; a dot stays with the part before it where the line breaks."""
    shown = [part for part in parts if part]
    dot = ' <i aria-hidden="true">·</i>'
    spans = [f"<span>{part}{dot}</span>" for part in shown[:-1]]
    return " ".join([*spans, *(f"<span>{part}</span>" for part in shown[-1:])])


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds:.2f} s"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"
