"""Gates one real LiteLLM again and again, and prints how many runs hold: `python -m tools.litellm_gates --out FOLDER`.

A user's pipeline does the same every day: a run may be red for what LiteLLM does, and for nothing else. The exit code
is 1 if a run doesn't hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

from hopcheck_server.chain.litellm import DEFAULT_VERSION
from hopcheck_server.chain.processes import free_port
from hopcheck_server.chain.stack import Stack
from tools.providers import TARGET, hopcheck


async def run(runs: int, folder: Path, version: str) -> int:
    """Gate a LiteLLM that often; returns how many runs held."""
    port, held = free_port(), 0
    upstream = f"http://127.0.0.1:{port}"
    async with Stack.start(work_dir=folder, upstream_url=upstream, proxy=False, litellm_version=version) as stack:
        env = {**os.environ, "LITELLM_MASTER_KEY": stack.litellm.master_key}
        for number in range(1, runs + 1):
            report = folder / f"run-{number}.json"
            with report.with_suffix(".log").open("wb") as printed:
                code = await hopcheck(gate_words(stack.litellm.base_url, port, report), env, printed)
            held += code == 0
            print(f"run {number}: exit {code}{summary_of(report)}", flush=True)
    return held


def gate_words(url: str, port: int, report: Path) -> list[str]:
    """The command that holds a running LiteLLM to its packaged baseline."""
    files = {"--target": TARGET / "hopcheck.toml", "--baseline": TARGET / "baseline.toml", "--json": report}
    paths = [word for name, path in files.items() for word in (name, str(path))]
    return ["gate", url, "--upstream-port", str(port), *paths]


def summary_of(report: Path) -> str:
    """How long a run took, and what came out, by its report; "" without one."""
    if not report.exists():
        return ""
    document = json.loads(report.read_text(encoding="utf-8"))
    counts = {name: count for name, count in document["summary"].items() if isinstance(count, int) and count}
    return f" in {document['duration_s']:.0f} s: {', '.join(f'{name} {count}' for name, count in counts.items())}"


def main(words: Sequence[str] | None = None) -> int:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("hopcheck-report-gates"), help="(default: %(default)s)")
    parser.add_argument("--litellm", metavar="VERSION", default=DEFAULT_VERSION, help="(default: %(default)s)")
    arguments = parser.parse_args(words)
    arguments.out.mkdir(parents=True, exist_ok=True)
    held = asyncio.run(run(arguments.runs, arguments.out, arguments.litellm))
    print(f"{held} of {arguments.runs} runs hold")
    return 0 if held == arguments.runs else 1


if __name__ == "__main__":
    raise SystemExit(main())
