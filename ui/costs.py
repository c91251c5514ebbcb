"""`refdesk cost`: what answers took in a period, and what it would cost elsewhere."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True, slots=True)
class _Period:
    """What a period's answers took. own: money for energy, if there is a tariff."""

    since: dt.date
    until: dt.date
    total: Sum
    own: float | None
    currency: str
    hosted: tuple[tuple[Price, float], ...]


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
    period = _Period(
        since,
        until,
        total,
        joules_cost(total.joules, section.tariff) if section.tariff else None,
        section.currency,
        tuple(
            (each, tokens_cost(total.prompt_tokens, total.answer_tokens, each.input, each.output))
            for each in services
        ),
    )
    if damaged:
        lines = counted(damaged, "line")
        print(f"refdesk: {lines} of the ledger cannot be read and not counted.", file=sys.stderr)
    if arguments.json:
        return print_json({**_json(period), "unreadable": damaged})
    print("\n".join(_lines(period)))
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


def _lines(period: _Period) -> list[str]:
    total = period.total
    asked = counted(total.questions, "question")
    ends = f"{total.answered:,} answered, {total.refused:,} refused, {total.stopped:,} stopped"
    energy = f"{total.joules / 3600:,.3g} Wh" if total.kwh < 1 else f"{total.kwh:,.3g} kWh"
    told = [
        f"{period.since} to {period.until}: {asked} ({ends})",
        f"  tokens   {total.prompt_tokens:,} read, {total.answer_tokens:,} written",
        f"  time     {total.seconds:,.0f} s",
        f"  energy   {energy}, {_how(total)}",
    ]
    if period.own is None:
        told.append("  money    not told: set cost.tariff to your price of a kilowatt-hour")
    else:
        told.append(f"  money    {money(period.own, period.currency)} for energy, at your tariff")
    if period.hosted:
        told.append("The same tokens at a hosted service's prices:")
        width = max(len(each.name) for each, _ in period.hosted)
        told += [
            f"  {each.name:<{width}}  {money(sum_, each.currency)}" for each, sum_ in period.hosted
        ]
    return told


def _how(total: Sum) -> str:
    if total.questions and total.measured == total.questions:
        return "measured by the processor"
    if total.measured:
        return f"measured for {total.measured:,} of them, an estimate for the others"
    return "an estimate: busy cores, at cost.watts_per_core"


def _json(period: _Period) -> dict[str, Any]:
    return {
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "questions": period.total.questions,
        **asdict(period.total),
        "kwh": period.total.kwh,
        "money": period.own,
        "currency": period.currency,
        "hosted": [{**asdict(each), "money": sum_} for each, sum_ in period.hosted],
    }


def _day(text: str, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError as exc:
        raise UsageError(f"--{name} {text!r} is not a day. Write it as 2026-03-01.") from exc
