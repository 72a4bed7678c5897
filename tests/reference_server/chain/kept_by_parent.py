"""A parent to be killed: it keeps a clinging server and its child running, and says so when both are up."""

import asyncio
import sys
from pathlib import Path

from hopcheck_server.chain.processes import ManagedProcess


async def main(log_file: Path) -> None:
    server = Path(__file__).with_name("clinging_server.py")
    async with ManagedProcess.start(
        [sys.executable, server, "family"], name="it", log_file=log_file, grace_s=0.1
    ) as process:
        await process.ready(lambda: process.logged(r"(?s)http.*http.*\n"), timeout_s=30)
        print("up", flush=True)
        await process.wait()


asyncio.run(main(Path(sys.argv[1])))
