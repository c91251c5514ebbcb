"""`refdesk cost`: what answers took in a period, and what it would cost elsewhere."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from index.errors import UsageError
from rag import prices
from rag.ledger import Sum, joules_cost, summed, tokens_cost
from rag.prices import Price
from rag.sections import CostSection
from ui.opening import opened, print_json
from ui.plain import counted, money

__all__ = ["cost"]

_DAYS = 30


def cost(arguments: argparse.Namespace) -> int:
    """Sums up a period. Returns the exit code."""
    today = dt.datetime.now().astimezone().date()
    until = _day(arguments.until, "until") if arguments.until else today
    since = _day(arguments.since, "since") if arguments.since else until - dt.timedelta(_DAYS)
    if since > until:
        raise UsageError(f"--since {since} is after --until {until}.")
    with opened(arguments) as parts:
        section = parts.settings.cost
        services = _services(section, arguments)
        rows, damaged = parts.ledger.rows(since, until)
    total = summed(rows)
    own = joules_cost(total.joules, section.tariff) if section.tariff else None
    hosted = [
        (each, tokens_cost(total.prompt_tokens, total.answer_tokens, each.input, each.output))
        for each in services
    ]
    if damaged:
        lines = counted(damaged, "line")
        print(f"refdesk: {lines} of the ledger cannot be read and not counted.", file=sys.stderr)
    if arguments.json:
        return print_json(_json(since, until, total, own, section.currency, hosted, damaged))
    print("\n".join(_lines(since, until, total, own, section.currency, hosted)))
    return 0


def _services(section: CostSection, arguments: argparse.Namespace) -> list[Price]:
    """Those of the settings and of the price list. Raises UsageError."""
    named = (
        [Price(section.service, section.service_input, section.service_output, section.currency)]
        if section.service
        else []
    )
    listed = prices.load(arguments.prices, section.currency) if arguments.prices else []
    return named + listed


def _lines(
    since: dt.date,
    until: dt.date,
    total: Sum,
    own: float | None,
    currency: str,
    hosted: Sequence[tuple[Price, float]],
) -> list[str]:
    asked = counted(total.questions, "question")
    ends = f"{total.answered:,} answered, {total.refused:,} refused, {total.stopped:,} stopped"
    energy = f"{total.joules / 3600:,.3g} Wh" if total.kwh < 1 else f"{total.kwh:,.3g} kWh"
    told = [
        f"{since} to {until}: {asked} ({ends})",
        f"  tokens   {total.prompt_tokens:,} read, {total.answer_tokens:,} written",
        f"  time     {total.seconds:,.0f} s",
        f"  energy   {energy}, {_how(total)}",
    ]
    if own is None:
        told.append("  money    not told: set cost.tariff to your price of a kilowatt-hour")
    else:
        told.append(f"  money    {money(own, currency)} for energy, at your tariff")
    if hosted:
        told.append("The same tokens at a hosted service's prices:")
        width = max(len(each.name) for each, _ in hosted)
        told += [f"  {each.name:<{width}}  {money(sum_, each.currency)}" for each, sum_ in hosted]
    return told


def _how(total: Sum) -> str:
    if total.questions and total.measured == total.questions:
        return "measured by the processor"
    if total.measured:
        return f"measured for {total.measured:,} of them, an estimate for the others"
    return "an estimate: busy cores, at cost.watts_per_core"


def _json(
    since: dt.date,
    until: dt.date,
    total: Sum,
    own: float | None,
    currency: str,
    hosted: Sequence[tuple[Price, float]],
    damaged: int,
) -> dict[str, Any]:
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "questions": total.questions,
        **asdict(total),
        "kwh": total.kwh,
        "money": own,
        "currency": currency,
        "hosted": [{**asdict(each), "money": sum_} for each, sum_ in hosted],
        "unreadable": damaged,
    }


def _day(text: str, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError as exc:
        raise UsageError(f"--{name} {text!r} is not a day. Write it as 2026-03-01.") from exc
