"""Price lists of hosted services, as the user gives them. Nothing is fetched."""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import UsageError

__all__ = ["Price", "load"]


@dataclass(frozen=True, slots=True)
class Price:
    """What a service asks for a million tokens that it reads, and that it writes."""

    name: str
    input: float
    output: float
    currency: str


def load(path: Path, currency: str) -> list[Price]:
    """The services of a TOML or CSV file.

    TOML  a table `[[service]]` for each, with `name`, `input`, `output`, and `currency` if it is
          another
    CSV   the same names in its first line

    currency  of a service that names none

    Raises UsageError, naming file, service and value.
    """
    if path.suffix.lower() not in (".toml", ".csv"):
        raise UsageError(f"{path} is not a price list: it must end in .toml or .csv.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise UsageError(f"The price list {path} cannot be read ({exc.strerror}).") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"The price list {path} is not text in UTF-8. Save it as that.") from exc
    rows = _toml(path, text) if path.suffix.lower() == ".toml" else _csv(text)
    if not rows:
        raise UsageError(f"The price list {path} names no service.")
    return [_price(path, n, row, currency) for n, row in enumerate(rows, start=1)]


def _toml(path: Path, text: str) -> list[Any]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise UsageError(f"The price list {path} is not valid TOML: {exc}.") from exc
    services = table.get("service", [])
    return services if isinstance(services, list) else [services]


def _csv(text: str) -> list[Any]:
    return list(csv.DictReader(text.splitlines()))


def _price(path: Path, n: int, row: Any, currency: str) -> Price:
    if not isinstance(row, Mapping) or not str(row.get("name") or "").strip():
        raise UsageError(f"{path}, service {n}: it needs a name, and prices input and output.")
    name = str(row["name"]).strip()
    prices = []
    for key in ("input", "output"):
        try:
            price = float(row[key])
        except (KeyError, TypeError, ValueError):
            price = -1.0
        if price < 0 or not math.isfinite(price):
            raise UsageError(
                f"{path}, {name}: {key} = {row.get(key)!r} is not a price for a million tokens, "
                "such as 2.50."
            )
        prices.append(price)
    return Price(name, prices[0], prices[1], str(row.get("currency") or currency).strip())
