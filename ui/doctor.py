"""`refdesk doctor`: is all in order, and what can this machine do?"""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict

from rag.advice import Finding
from ui.opening import opened, print_json

__all__ = ["doctor", "lines"]

_WIDEST = 100
_ESTIMATE = (
    "Times are estimates from the measured speed, for an ordinary question: 350 tokens to read, "
    "40 to write, without the search and without drafting."
)


def doctor(arguments: argparse.Namespace) -> int:
    """Looks everything over. Returns 0 where there is no problem, else 1."""
    from rag.doctor import examined

    with opened(arguments) as parts:
        report = examined(
            parts, measure=not arguments.quick, calibrate=arguments.calibrate, say=_say
        )
    if arguments.json:
        findings = [asdict(each) for each in report.findings]
        print_json({"healthy": report.healthy, "findings": findings, **report.facts})
    else:
        width = min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns)
        print("\n".join(lines(report.findings, width)))
        if report.facts["measured"]:
            print(textwrap.fill(_ESTIMATE, width))
    return 0 if report.healthy else 1


def lines(findings: Sequence[Finding], width: int) -> list[str]:
    """A line for each finding; what is longer goes on below its own beginning."""
    column = max((len(each.name) for each in findings), default=0)
    told = []
    for each in findings:
        head = f"{each.state:<7}  {each.name:<{column}}  "
        told += textwrap.wrap(
            each.text, max(width, 60), initial_indent=head, subsequent_indent=" " * len(head),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    return told


def _say(text: str) -> None:
    print(f"{text} …", file=sys.stderr, flush=True)
