"""Hold LiteLLM to its packaged baseline, with every provider: `python -m tools.providers --out FOLDER`.

LiteLLM is started with its test configuration; its reports and the baseline that would fit are written to the folder.
Further options are those of `hopcheck gate`, which is asked for all providers unless `--provider` names some; with
`--surfaces own` for Messages and Responses over their own providers instead, with `--surfaces bridged` over others.
What LiteLLM makes of those isn't in the baseline, so that gate doesn't hold: `docs/surfaces.md` judges its report.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from hopcheck_server.chain.litellm import DEFAULT_VERSION
from hopcheck_server.chain.processes import free_port
from hopcheck_server.chain.stack import Stack

TARGET = Path(__file__).parents[1] / "conformance/hopcheck/gate/targets/litellm"
BRIDGES = Path(__file__).parent / "provider_page" / "bridges.toml"
"""The target file that names models for Messages and Responses over other providers than their own."""

ON_SURFACES = ("--operations", "messages,messages.stream,count_tokens,responses,responses.stream")


def gate_words(url: str, port: int, folder: Path, options: Sequence[str], surfaces: str = "") -> list[str]:
    """The command that holds a running LiteLLM to the baseline."""
    files = {
        "--target": BRIDGES if surfaces == "bridged" else TARGET / "hopcheck.toml",
        "--baseline": TARGET / "baseline.toml",
    }
    files |= {"--json": folder / "report.json", "--markdown": folder / "report.md"}
    files |= {"--write-baseline": folder / "baseline.toml"}
    named = [] if "--provider" in options or surfaces == "own" else ["--provider", "all"]
    named += ON_SURFACES if surfaces else ()
    paths = [word for name, path in files.items() for word in (name, str(path))]
    return ["gate", url, "--upstream-port", str(port), *paths, *named, *options]


async def run(version: str, folder: Path, options: Sequence[str], surfaces: str) -> int:
    """Run the gate on a LiteLLM of its own; the result is the gate's exit code."""
    port = free_port()
    upstream = f"http://127.0.0.1:{port}"
    async with Stack.start(work_dir=folder, upstream_url=upstream, proxy=False, litellm_version=version) as stack:
        words = gate_words(stack.litellm.base_url, port, folder, options, surfaces)
        env = {**os.environ, "LITELLM_MASTER_KEY": stack.litellm.master_key}
        return await hopcheck(words, env)


async def hopcheck(words: Sequence[str], env: Mapping[str, str], printed: IO[bytes] | None = None) -> int:
    """Run a command of hopcheck's, which ends with this task; its output may go into a file.

    Returns:
        Its exit code.
    """
    command = (sys.executable, "-m", "hopcheck", *words)
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=printed, stderr=printed)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def main(words: Sequence[str] | None = None) -> int:
    """Parse the arguments, and run the gate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("hopcheck-report-providers"), help="(default: %(default)s)")
    parser.add_argument("--litellm", metavar="VERSION", default=DEFAULT_VERSION, help="(default: %(default)s)")
    parser.add_argument("--surfaces", choices=("own", "bridged"), default="", help="ask Messages and Responses")
    arguments, options = parser.parse_known_args(words)
    arguments.out.mkdir(parents=True, exist_ok=True)
    return asyncio.run(run(arguments.litellm, arguments.out, options, arguments.surfaces))


if __name__ == "__main__":
    sys.exit(main())
