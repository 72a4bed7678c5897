"""Hold LiteLLM to its packaged baseline, with every provider: `python -m tools.providers --out FOLDER`.

LiteLLM is started with its test configuration; its reports and the baseline that would fit are written to the folder.
Further options are those of `hopcheck gate`, which is asked for all providers unless `--provider` names some.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hopcheck_server.chain.litellm import DEFAULT_VERSION
from hopcheck_server.chain.processes import free_port
from hopcheck_server.chain.stack import Stack

TARGET = Path(__file__).parents[1] / "conformance/hopcheck/gate/targets/litellm"


def gate_words(url: str, port: int, folder: Path, options: Sequence[str]) -> list[str]:
    """The command that holds a running LiteLLM to the baseline."""
    files = {"--target": TARGET / "hopcheck.toml", "--baseline": TARGET / "baseline.toml"}
    files |= {"--json": folder / "report.json", "--markdown": folder / "report.md"}
    files |= {"--write-baseline": folder / "baseline.toml"}
    named = [] if "--provider" in options else ["--provider", "all"]
    paths = [word for name, path in files.items() for word in (name, str(path))]
    return ["gate", url, "--upstream-port", str(port), *paths, *named, *options]


async def run(version: str, folder: Path, options: Sequence[str]) -> int:
    """Run the gate on a LiteLLM of its own; the result is the gate's exit code."""
    port = free_port()
    upstream = f"http://127.0.0.1:{port}"
    async with Stack.start(work_dir=folder, upstream_url=upstream, proxy=False, litellm_version=version) as stack:
        words = gate_words(stack.litellm.base_url, port, folder, options)
        env = {**os.environ, "LITELLM_MASTER_KEY": stack.litellm.master_key}
        gate = await asyncio.create_subprocess_exec(sys.executable, "-m", "hopcheck", *words, env=env)
        return await gate.wait()


def main(words: Sequence[str] | None = None) -> int:
    """Parse the arguments, and run the gate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("hopcheck-report-providers"), help="(default: %(default)s)")
    parser.add_argument("--litellm", metavar="VERSION", default=DEFAULT_VERSION, help="(default: %(default)s)")
    arguments, options = parser.parse_known_args(words)
    arguments.out.mkdir(parents=True, exist_ok=True)
    return asyncio.run(run(arguments.litellm, arguments.out, options))


if __name__ == "__main__":
    sys.exit(main())
