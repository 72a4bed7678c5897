"""Run the healthy relay: `python -m hopcheck_server.relay --upstream http://127.0.0.1:9100/v1 --port 4100`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from hopcheck_server.relay import Relay, RelayConfig, RelayServer


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m hopcheck_server.relay", description=__doc__)
    parser.add_argument("--upstream", required=True, metavar="URL", help="the provider's base URL, with its /v1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--log-file", default="", metavar="FILE", help="a line for each answer is appended to it")
    arguments = parser.parse_args(argv)
    config = RelayConfig(upstream=arguments.upstream, log_file=arguments.log_file)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_serve(config, arguments.port))
    except OSError as error:
        print(f"port {arguments.port} can't be listened on: {error.strerror}", file=sys.stderr)
        return 2


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop


async def _serve(config: RelayConfig, port: int) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with await RelayServer({"": Relay(config)}).start(port=port) as server:
        print(f"hopcheck relay on {server.base_url()}", flush=True)
        await stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
