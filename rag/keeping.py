"""What is kept of each answer: its receipt, and what it took. Around the engine, not in it."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from index.errors import RefdeskError, StorageError
from rag import receipt
from rag.closing import closing
from rag.energy import Meter
from rag.ledger import Ledger, Row, joules_cost
from rag.receipts import Receipts, new_id
from rag.types import Answer, Cost, Event, Finished, Question

__all__ = ["Keeper"]

log = logging.getLogger("refdesk")


class Keeper:
    """Passes a question's events on, and gives its answer an id and a cost."""

    def __init__(
        self,
        receipts: Receipts | None,
        ledger: Ledger,
        meter: Meter,
        circumstances: Callable[[], Mapping[str, Any]],
        *,
        model: str,
        tariff: float = 0.0,
        currency: str = "",
    ) -> None:
        """receipts: None: none are kept; tariff: for a kilowatt-hour, 0: no money is told"""
        self._receipts = receipts
        self._ledger = ledger
        self._meter = meter
        self._circumstances = circumstances
        self._model = model
        self._tariff = tariff
        self._currency = currency

    def kept(
        self, question: Question, ask: Callable[[Question], Iterator[Event]]
    ) -> Iterator[Event]:
        """The events of `ask`; Finished has the answer's id and cost.

        What cannot be kept is told in the log: an answer is not lost for it. Raises what `ask`
        raises.
        """
        at = dt.datetime.now(dt.UTC)
        # The day stands in the receipt, so it is settled here.
        asked = replace(question, asked=question.asked or at.astimezone().date())
        began = time.perf_counter()
        ticket = self._meter.begin()
        begun, joules = False, None
        try:
            with closing(ask(asked)) as events:
                for event in events:
                    begun = True
                    if isinstance(event, Finished):
                        joules = self._meter.end(ticket)
                        yield replace(event, answer=self._finished(at, asked, event, joules))
                    else:
                        yield event
        finally:
            if joules is None:
                joules = self._meter.end(ticket)
                if begun:  # else it was no question, and took nothing
                    self._count(at, "stopped", 0, 0, time.perf_counter() - began, joules)

    def _finished(
        self, at: dt.datetime, question: Question, event: Finished, joules: float
    ) -> Answer:
        answer = event.answer
        took = answer.timings
        end = "refused" if answer.refused else "answered"
        self._count(at, end, took.prompt_tokens, took.answer_tokens, took.total_s, joules)
        money = joules_cost(joules, self._tariff) if self._tariff else None
        cost = Cost(
            round(joules, 3), self._meter.measured, money, self._currency if self._tariff else ""
        )
        answer = replace(answer, cost=cost)
        if self._receipts is None:
            return answer
        kept = replace(answer, id=new_id())
        try:
            self._receipts.keep(
                receipt.written(
                    kept.id, _iso(at), question, kept, event.calls, self._circumstances()
                )
            )
        except RefdeskError as exc:
            log.warning("%s", exc)
            return answer
        return kept

    def _count(
        self, at: dt.datetime, end: str, read: int, wrote: int, seconds: float, joules: float
    ) -> None:
        row = Row(
            _iso(at), self._model, end, read, wrote, round(seconds, 3), round(joules, 3),
            self._meter.measured,
        )  # fmt: skip
        try:
            self._ledger.add(row)
        except StorageError as exc:
            log.warning("%s", exc)


def _iso(at: dt.datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
