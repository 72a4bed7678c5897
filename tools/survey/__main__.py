"""Measure nginx, the relay, the reference proxy, LiteLLM and both of them in a row: `python -m tools.survey`.

Upstream and hops are started here and ended at the end. About ten minutes; Ctrl-C ends it with what was measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hopcheck_load.report import document as report
from hopcheck_load.report.render.headlines import headlines
from hopcheck_server.chain.processes import ProcessError
from hopcheck_server.exits import HOLDS, INTERRUPTED, UNTESTABLE, USAGE, Stop
from hopcheck_server.wire.event_loop import stop_event
from tools.survey import runs, tables
from tools.survey.hops import NAMES, Chain, chain
from tools.survey.runs import PARTS, RATES, SurveyRun

KEPT = "survey.json"
"""The file of what isn't in the reports: the hops, and what is missing."""

Kept = dict[str, Any]


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and return the exit code."""
    arguments = _parser().parse_args(words)
    try:
        code = HOLDS if arguments.source else _measured(arguments)
        _show(arguments.source or arguments.output)
    except (Stop, ProcessError) as stop:
        print(f"hopcheck: {stop}", file=sys.stderr)
        return stop.code if isinstance(stop, Stop) else UNTESTABLE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.survey", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("hopcheck-survey"), metavar="FOLDER", help="%(default)s")
    parser.add_argument("--hops", default=",".join(NAMES), metavar="NAMES", help="default: %(default)s")
    parser.add_argument("--parts", default=",".join(PARTS), metavar="NAMES", help="default: %(default)s")
    parser.add_argument("--times", type=float, default=1.0, metavar="X", help="measure X times as long as usual")
    parser.add_argument(
        "--rate", action="append", default=[], metavar="HOP=R", help="the highest rate of a hop; its others follow"
    )
    parser.add_argument("--together", action="store_true", help="all hops in the same rounds: rest and steps")
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="only write the tables again")
    return parser


def _plan(arguments: argparse.Namespace) -> list[SurveyRun]:
    names, parts = (_chosen(text, known) for text, known in ((arguments.hops, NAMES), (arguments.parts, PARTS)))
    if not arguments.times > 0:
        raise Stop(USAGE, "--times must be more than 0.")
    if arguments.together:
        return runs.in_one_run(names, parts, arguments.times)
    return runs.planned(names, parts, arguments.times, dict(_rate(text) for text in arguments.rate))


def _chosen(text: str, known: Sequence[str]) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    strange = next((name for name in names if name not in known), None)
    if strange or not names:
        raise Stop(USAGE, f"{strange or text!r} is none of {', '.join(known)}.")
    return names


def _rate(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        rate = float(number)
    except ValueError:
        rate = 0.0
    if name not in RATES or not 0 < rate < 1e5:
        raise Stop(USAGE, f"--rate {text} can't be read; one looks like litellm=60.")
    return name, rate


def _measured(arguments: argparse.Namespace) -> int:
    """Measure, and write what isn't in the reports."""
    plan, folder = _plan(arguments), arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    command = shlex.join(["python", "-m", "tools.survey", *sys.argv[1:]])
    kept: Kept = {"command": command, "hops": {}, "left_out": {}, "missing": {}, "runs": []}
    interrupted = asyncio.run(_survey(plan, folder, kept))
    (folder / KEPT).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return INTERRUPTED if interrupted else UNTESTABLE if kept["missing"] or not kept["runs"] else HOLDS


async def _survey(plan: Sequence[SurveyRun], folder: Path, kept: Kept) -> bool:
    """Start the hops and make the runs; returns whether a signal ended them."""
    stopped = stop_event()
    async with AsyncExitStack() as running:
        names = [name for name in NAMES if any(name in run.hops for run in plan)]
        made = await _started(running.enter_async_context(chain(names, folder, _tell)), stopped)
        if made is not None:
            kept |= {"hops": {hop.name: hop.about for hop in made.hops.values()}, "left_out": made.left_out}
            await _carry_out(runs.possible(plan, made), made, folder, stopped, kept)
    return stopped.is_set()


async def _started(starting: Coroutine[Any, Any, Chain], stopped: asyncio.Event) -> Chain | None:
    """Return what was started, or None if a signal came first."""
    begun, stopping = asyncio.ensure_future(starting), asyncio.ensure_future(stopped.wait())
    await asyncio.wait({begun, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if begun.done():
        return begun.result()
    begun.cancel()
    await asyncio.gather(begun, return_exceptions=True)
    return None


async def _carry_out(plan: Sequence[SurveyRun], made: Chain, folder: Path, stopped: asyncio.Event, kept: Kept) -> None:
    """Make the runs, and enter in `kept` which of them have a report, and why others have none."""
    for name, why in made.left_out.items():
        _tell(f"left out: {name}: {why}")
    for at, run in enumerate(plan):
        if stopped.is_set():
            kept["missing"][run.stem] = "interrupted"
            continue
        left_s = sum(one.seconds + runs.OVERHEAD_S for one in plan[at:])
        _tell(f"{at + 1} of {len(plan)}: {run}; about {left_s / 60:.0f} min to go")
        why = await runs.carry_out(run, made, folder, stopped)
        if why:
            kept["missing"][run.stem] = why
            _tell(f"  no report: {why}")
            continue
        kept["runs"].append([run.part, run.stem])
        for line in headlines(report.load(folder / f"{run.stem}.json")):
            _tell(f"  {line}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _show(folder: Path) -> None:
    """Print the tables, and write them into the folder of the reports."""
    try:
        kept = json.loads((folder / KEPT).read_text(encoding="utf-8"))
        reports = [(part, report.load(folder / f"{stem}.json")) for part, stem in kept["runs"]]
    except (OSError, ValueError) as error:
        raise Stop(USAGE, f"{folder} holds no survey: {error}.") from None
    text = tables.markdown(kept, reports)
    (folder / "survey.md").write_text(text, encoding="utf-8")
    print(text)
    print(f"{folder / 'survey.md'}; each run's report, page and output are in the same folder", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
