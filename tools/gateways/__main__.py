"""Start each gateway in front of the scripted provider, and hold it to its contract.

    python -m tools.gateways                    # all of them, with their target files
    python -m tools.gateways nginx --undeclared # as a user would who declares nothing

What this command doesn't know is passed on to the gate (`--select 'stream.*'`). Reports go to `gateways/<name>.json`
and `.html`; the table counts verdicts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hopcheck_server.chain.processes import ManagedProcess, ProcessError, free_port, http_status
from tools.gateways.catalogue import CLIENT_KEY, GATEWAYS
from tools.gateways.installation import NotInstalled
from tools.gateways.place import Gateway, Place

KEY_VARIABLE = "GATEWAY_KEY"
PROVIDER_START_S = 30.0


def main(words: Sequence[str] | None = None) -> int:
    """Gate the gateways; the exit code is 0 if all could be gated, whatever the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(GATEWAYS)}; default: all")
    parser.add_argument("--out", type=Path, default=Path("gateways"), help="folder for the reports")
    parser.add_argument("--undeclared", action="store_true", help="without the target file: nothing is declared")
    arguments, options = parser.parse_known_args(words)
    arguments.options = options  # the gate's own, such as --select
    arguments.out.mkdir(parents=True, exist_ok=True)
    gated = [asyncio.run(gate(GATEWAYS[name], arguments)) for name in arguments.names or GATEWAYS]
    return 0 if all(gated) else 1


async def gate(gateway: Gateway, arguments: argparse.Namespace) -> bool:
    """Start a gateway, run the gate on it, and print one line; false if it can't be gated here."""
    with TemporaryDirectory(prefix="hopcheck-gateway-") as folder:
        place = Place(Path(folder), free_port(), free_port())
        try:
            # Some gateways look for their provider when they start: let it be there.
            log = arguments.out / f"{gateway.name}.log"
            async with (
                provider(place, log),
                ManagedProcess.start(gateway.command(place), name=gateway.name, log_file=log) as process,
            ):
                await process.ready(lambda: http_status(place.port, gateway.ready_path), timeout_s=gateway.start_s)
                await judge(gateway, place, arguments)
        except (NotInstalled, ProcessError) as error:
            print(f"{gateway.name:12} left out: {error}")
            return False
    return True


@asynccontextmanager
async def provider(place: Place, log: Path) -> AsyncIterator[None]:
    """The scripted provider, listening."""
    command = [sys.executable, "-m", "hopcheck_server.upstream", "--port", str(place.upstream_port)]
    async with ManagedProcess.start(command, name="the upstream", log_file=log) as process:
        await process.ready(lambda: http_status(place.upstream_port, "/health"), timeout_s=PROVIDER_START_S)
        yield


async def judge(gateway: Gateway, place: Place, arguments: argparse.Namespace) -> None:
    """Run the gate as a user does, and print what its report counts."""
    report = arguments.out / f"{gateway.name}{'-undeclared' if arguments.undeclared else ''}.json"
    url = f"http://127.0.0.1:{place.port}/v1"
    declared = [] if arguments.undeclared else ["--target", place.configured(gateway.target_file)]
    words = [*declared, "--api-key-env", KEY_VARIABLE, "--upstream-port", str(place.upstream_port)]
    files = ["--json", str(report), "--html", str(report.with_suffix(".html"))]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hopcheck", "gate", url, *words, *files, *arguments.options),
        stdout=(report.with_suffix(".txt")).open("wb"),
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, KEY_VARIABLE: CLIENT_KEY},
    )
    code = await process.wait()
    summary = json.loads(report.read_text(encoding="utf-8"))["summary"] if report.exists() else {}
    counted = "  ".join(f"{name} {count}" for name, count in summary.items() if isinstance(count, int) and count)
    print(f"{gateway.name:12} exit {code}  {counted}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
