"""The HTTP interface: questions, documents and health, for programs on this machine.

POST /api/ask        {"question": "...", "stream": false} → the answer as `refdesk ask --json`
                     prints it; "stream": true → one JSON document a line, each with an "event":
                     "status", "sources", "token", and at last "answer" or "error".
                     "history": [{"question": "...", "answer": "..."}], oldest first, are earlier
                     turns, with which a follow-up is understood; the answer's "understood" says
                     how, and is the "question" to send back for that turn.
                     "form": "short" asks for an answer in a few words
POST /api/search     {"question": "...", "k": 10} → {"passages": [...]}, each as `refdesk search
                     --json` prints it
GET  /api/documents  {"documents": [...]}
GET  /api/receipts/ID  the receipt of an answer, by its "id"; 404 where none is kept
GET  /healthz        {"status": "ok"}

Both take limits: "collections", "documents" and "tags" (lists), "since" and "until" (dates).

An error is {"error": "what to tell the user"}: 400 for what the caller can mend, 503 for what the
library or the model cannot do now, 500 for a fault in Refdesk.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from index.errors import NotFoundError, RefdeskError, UsageError
from index.types import Entry, Filter
from rag.types import Event, Finished, Form, Question, Sources, Status, Turn, Withdrawn
from ui.asking import Asking, Askings, told
from ui.desk import Desk
from ui.limits import limits
from ui.plain import hit_json
from ui.render import answer_json, source_json

_CLIENT_LEFT = 499


_Names = Annotated[list[Annotated[str, Field(max_length=4096)]], Field(max_length=100)]


class Limited(BaseModel):
    """A question and what to search in. The engine's own limit has the better message."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: str = Field(max_length=20_000)
    collections: _Names = []
    documents: _Names = []
    tags: _Names = []
    since: str | None = None
    until: str | None = None

    def where(self) -> Filter | None:
        """Raises UsageError for what is not a date."""
        return limits(self.collections, self.documents, self.tags, self.since, self.until)


class Earlier(BaseModel):
    """An earlier turn. It only helps to understand a question: it is never a source."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: str = Field(max_length=20_000)
    answer: str = Field(max_length=20_000)


class Ask(Limited):
    stream: bool = False
    form: Form = "full"
    history: list[Earlier] = Field(default=[], max_length=100)

    def asked(self) -> Question:
        """Raises UsageError for what is not a date."""
        turns = tuple(Turn(each.question, each.answer) for each in self.history)
        return Question(self.question, turns, self.where(), self.form)


class Search(Limited):
    k: int = Field(default=10, ge=1, le=1000)


def install(app: FastAPI, desk: Desk, askings: Askings) -> None:
    """Adds the routes and the shape of errors to `app`."""

    @app.post("/api/ask")
    async def ask(body: Ask, request: Request) -> Response:
        asking = askings.begin(body.asked())
        if body.stream:
            return StreamingResponse(_lines(asking), media_type="application/x-ndjson")
        return await _whole(asking, request)

    @app.post("/api/search")
    def search(body: Search) -> dict[str, list[dict[str, Any]]]:
        hits = desk.search(body.question, body.k, body.where())
        return {"passages": [hit_json(rank, hit) for rank, hit in enumerate(hits, start=1)]}

    @app.get("/api/documents")
    def documents() -> dict[str, list[dict[str, Any]]]:
        return {"documents": [_document(entry) for entry in desk.entries()]}

    @app.get("/api/receipts/{key}")
    def receipt(key: str) -> Response:
        try:
            held = desk.receipt(key)
        except NotFoundError as exc:
            return JSONResponse({"error": told(exc)}, 404)
        headers = {
            "cache-control": "no-store",
            "content-disposition": f'attachment; filename="refdesk-{key}.json"',
        }
        return Response(held, media_type="application/json", headers=headers)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.exception_handler(RefdeskError)
    async def refused(_: Request, exc: RefdeskError) -> JSONResponse:
        return _error(exc)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, exc: RequestValidationError) -> JSONResponse:
        first = exc.errors()[0]
        where = ".".join(str(each) for each in first["loc"] if each != "body") or "the body"
        return JSONResponse({"error": f"{where}: {first['msg']}"}, 422)


async def _whole(asking: Asking, request: Request) -> Response:
    try:
        async with aclosing(asking.follow()) as following:
            async for events in following:
                for event in events:
                    if isinstance(event, Finished):
                        return JSONResponse(answer_json(event.answer))
                if await request.is_disconnected():
                    break
    except Exception as exc:
        return _error(exc)
    return Response(status_code=_CLIENT_LEFT)


async def _lines(asking: Asking) -> AsyncIterator[str]:
    try:
        async with aclosing(asking.follow()) as following:
            async for events in following:
                for event in events:
                    yield _line(_event(event))
    except Exception as exc:
        yield _line({"event": "error", "error": told(exc)})


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def _event(event: Event) -> dict[str, Any]:
    if isinstance(event, Finished):
        return {"event": "answer", **answer_json(event.answer)}
    if isinstance(event, Sources):
        return {
            "event": "sources",
            "retrieve_s": event.retrieve_s,
            "sources": [source_json(each) for each in event.sources],
        }
    if isinstance(event, Status):
        return {"event": "status", "text": event.text, "fraction": event.fraction}
    if isinstance(event, Withdrawn):
        return {"event": "withdrawn"}
    return {"event": "token", "text": event.text}


def _error(exc: Exception) -> JSONResponse:
    status = 500
    if isinstance(exc, RefdeskError):
        status = 400 if isinstance(exc, (UsageError, NotFoundError)) else 503
    return JSONResponse({"error": told(exc)}, status)


def _document(entry: Entry) -> dict[str, Any]:
    kept = asdict(entry)
    return {"document": kept.pop("path"), **kept}
