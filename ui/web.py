"""The page: a Gradio Blocks in a FastAPI application of our own, behind our own guard.

Gradio is told before its import to reach for nothing outside. The page asks no other host for
anything: fonts, scripts and styles come from this machine, and the browser is told to refuse more.
"""

from __future__ import annotations

import contextlib
import html
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

# Read by gradio and huggingface_hub when they are imported.
os.environ.update(
    {
        "GRADIO_ANALYTICS_ENABLED": "False",
        # Its tables about itself, which no route of ours shows, need pandas after each question.
        "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
        "GRADIO_ANALYTICS_MAX_EVENTS": "1",
        "GRADIO_SHARE": "False",
        "GRADIO_MCP_SERVER": "False",
        "GRADIO_RUN_HISTORY": "False",
        "GRADIO_SSR_MODE": "False",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
)

import gradio as gr
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse

from index.errors import RefdeskError
from ui import api
from ui.ahead import Ahead
from ui.asking import Askings
from ui.choice import choices_html
from ui.desk import Desk
from ui.guard import Guard, with_nonce
from ui.prose import escaped
from ui.render import error_html, library_html
from ui.session import Sessions
from ui.view import View

_HERE = Path(__file__).parent
_QUEUE_S = 0.05
_PROGRESS_S = 1.0
_EXAMPLES = 6
# What the page's script adds to a question; without the script it is asked all the same.
_ASKING = "(question) => window.refdesk?.asking(question) ?? [question, '']"
_ANEW = "() => window.refdesk?.anew()"
_TYPING = "(question) => window.refdesk.typed(question)"
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%231f4e4a'/%3E"
    "%3Cpath d='M10 23V9h7.5a4.5 4.5 0 0 1 0 9H10m6.500 0L22 23' fill='none' stroke='%23fff'"
    " stroke-width='2.6'/%3E%3C/svg%3E"
)
_HEADER = """
<header class="rd-header">
  <h1>Refdesk</h1>
  <p>Answers from your own articles, with the passage that supports each sentence.</p>
</header>
"""
# Filled by the page's script, which keeps there what it has: nothing is sent again.
_EARLIER = """
<section id="rd-earlier" aria-labelledby="rd-earlier-name" hidden>
  <h2 id="rd-earlier-name">Earlier in this conversation</h2>
</section>
"""


def create_app(desk: Desk, *, hosts: Iterable[str] = ()) -> FastAPI:
    """The page, the HTTP interface and what guards them.

    hosts  names besides IP addresses, localhost and this machine's own under which it is reached
    """
    askings = Askings(desk)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        askings.close()

    # No /docs: its scripts come from another host.
    app = FastAPI(
        title="Refdesk", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    app.state.askings = askings
    api.install(app, desk, askings)
    for name in ("page.css", "page.js"):
        app.add_api_route(f"/{name}", _file(name), include_in_schema=False)
    # With a CORSMiddleware of ours, Gradio adds none, which would let other sites in.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(Guard, hosts=hosts, dress=_dressed)
    gr.mount_gradio_app(
        app,
        _page(desk, Sessions(askings, Ahead(desk), desk.entries)),
        path="/",
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        show_error=False,
        max_file_size=1,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=_theme(),
    )
    return app


def _file(name: str) -> Callable[[], FileResponse]:
    def send() -> FileResponse:
        return FileResponse(_HERE / name, headers={"cache-control": "no-cache"})

    return send


def _theme() -> gr.themes.Base:
    """Fonts of this machine, or those that come with Gradio and are served from here."""
    sans: list[gr.themes.Font | str] = [
        gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)),
        "system-ui",
        "sans-serif",
    ]
    theme = gr.themes.Base(
        font=sans, font_mono=["ui-monospace", "monospace"], radius_size=gr.themes.sizes.radius_md
    )
    return theme.set(
        body_background_fill="#f7f5f0",
        body_background_fill_dark="#14171a",
        body_text_color="#1d2426",
        body_text_color_dark="#e6e4de",
    )


def _dressed(page: str, nonce: str) -> str:
    """Gradio's page with our head: no cards for social networks, our styles, a nonce on scripts."""
    page = re.sub(r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>\s*", "", page)
    page = re.sub(r"<link rel=\"manifest\"[^>]*>\s*", "", page)
    head = (
        "<title>Refdesk</title>"
        f'<link rel="icon" href="{html.escape(_ICON)}">'
        '<meta name="color-scheme" content="light dark">'
        '<link rel="stylesheet" href="/page.css"><script src="/page.js" defer></script>'
        "<noscript>Refdesk’s page needs JavaScript. It all comes from this machine.</noscript>"
    )
    return with_nonce(page.replace("</head>", head + "</head>", 1), nonce)


def _held(desk: Desk) -> list[str]:
    """The library's articles, and what to search in."""
    try:
        entries = desk.entries()
    except RefdeskError as exc:
        return [error_html(str(exc)), ""]
    return [library_html(entries), choices_html(entries)]


def _page(desk: Desk, sessions: Sessions) -> gr.Blocks:
    now = _held(desk)
    empty = _empty(desk.model_name())
    page = gr.Blocks(title="Refdesk", analytics_enabled=False, fill_width=True)
    with page:
        with gr.Row(elem_id="rd-top"):
            _html(_HEADER)
            library = _html(now[0])
        with gr.Row(elem_id="rd-ask"):
            box = gr.Textbox(
                label="Your question",
                placeholder="What do you want to know?",
                lines=1,
                max_lines=8,
                autofocus=True,
                scale=1,
                elem_id="rd-question",
            )
            ask = gr.Button("Ask", variant="primary", scale=0, elem_id="rd-ask-button")
            stop = gr.Button("Stop", interactive=False, scale=0, elem_id="rd-stop-button")
        # What to search in, as the page's script sends it with a question.
        choice = gr.Textbox(visible=False)
        # The page's script presses it where its reader pauses in typing.
        typing = gr.Button(visible="hidden", elem_id="rd-typing-button")
        with gr.Row(elem_id="rd-tools"):
            choices = _html(now[1])
            anew = gr.Button(
                "New conversation", size="sm", scale=0, visible="hidden", elem_id="rd-anew-button"
            )
        with gr.Row(elem_id="rd-examples"):
            examples = [
                gr.Button(question, size="sm", scale=0) for question in desk.examples()[:_EXAMPLES]
            ]
        with gr.Row(elem_id="rd-main"):
            with gr.Column(elem_id="rd-left"):
                answer = _html(empty)
            with gr.Column(elem_id="rd-right"):
                sources = _html("")
        _html(_EARLIER)

        outputs = [box, ask, stop, anew, *examples, answer, sources]

        async def answered(
            question: str, choice: str, request: gr.Request
        ) -> AsyncGenerator[list[Any], None]:
            before: View | None = None
            async with contextlib.aclosing(
                sessions.views(request.session_hash or "", question, choice)
            ) as views:
                async for view, elapsed_s in views:
                    yield _changes(before, view, elapsed_s, len(examples))
                    before = view

        async def typed(question: str, choice: str, request: gr.Request) -> None:
            await sessions.typing(request.session_hash or "", question, choice)

        def stopped(request: gr.Request) -> None:
            sessions.stop(request.session_hash or "")

        def begun_anew(request: gr.Request) -> list[Any]:
            sessions.forget(request.session_hash or "")
            return ["", gr.update(visible="hidden"), empty, ""]

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        page.load(lambda: _held(desk), None, [library, choices], **quiet)
        gr.on([ask.click, box.submit], answered, [box, choice], outputs, js=_ASKING, **quiet)
        for example in examples:
            # A button's value is its text: the question.
            example.click(answered, [example, choice], outputs, js=_ASKING, **quiet)
        anew.click(begun_anew, None, [box, anew, answer, sources], js=_ANEW, queue=False, **quiet)
        typing.click(typed, [box, choice], None, js=_TYPING, queue=False, **quiet)
        stop.click(stopped, None, None, queue=False, **quiet)
    page.queue(max_size=32, default_concurrency_limit=16, api_open=False)
    # Gradio looks into its queue every millisecond, also while nobody asks, and for progress every
    # ten: 8 % of a core, taken from the model's threads in pieces that they have to wait for.
    page._queue.sleep_when_free = _QUEUE_S
    page._queue.progress_update_sleep_when_free = _PROGRESS_S
    return page


def _changes(before: View | None, view: View, elapsed_s: int, examples: int) -> list[Any]:
    """What leads from one view to the next. What stays is not sent again."""
    same = gr.skip()
    turned = before is None or view.busy != before.busy
    found = before is None or view.sources != before.sources or not view.busy
    free = gr.update(interactive=not view.busy) if turned else same
    return [
        view.question if before is None else same,
        free,
        gr.update(interactive=view.busy) if turned else same,
        gr.update(interactive=not view.busy, visible=True) if turned else same,
        *[free] * examples,
        view.answer_pane(elapsed_s),
        view.sources_pane() if found else same,
    ]


def _empty(model: str) -> str:
    return (
        '<section class="rd-answer rd-empty" aria-label="Answer"><p>The answer appears here, each '
        "sentence with the number of its passage. If the articles don’t say, you are told so.</p>"
        f'<p class="rd-meta">{escaped(model)} answers, on this machine.</p></section>'
    )


def _html(value: str) -> gr.HTML:
    return gr.HTML(value, js_on_load=None, apply_default_css=False)
