"""Run the healthy relay: `python -m hopcheck_server.relay --upstream http://127.0.0.1:9100/v1 --port 4100`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from hopcheck_server.exits import USAGE
from hopcheck_server.relay import Relay, RelayConfig, RelayServer
from hopcheck_server.wire import event_loop
from hopcheck_server.wire.event_loop import stop_event


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hopcheck_server.relay", description=__doc__)
    parser.add_argument("--upstream", required=True, metavar="URL", help="the provider's base URL, with its /v1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--log-file", default="", metavar="FILE", help="a line for each response is appended to it")
    arguments = parser.parse_args(argv)
    config = RelayConfig(upstream=arguments.upstream, log_file=arguments.log_file)
    try:
        return event_loop.run(_serve(config, arguments.port))
    except OSError as error:
        print(f"port {arguments.port} can't be listened on: {error.strerror}", file=sys.stderr)
        return USAGE


async def _serve(config: RelayConfig, port: int) -> int:
    stopped = stop_event()
    async with await RelayServer({"": Relay(config)}).start(port=port) as server:
        print(f"hopcheck relay on {server.base_url()}", flush=True)
        await stopped.wait()
    return stopped.exit_code


if __name__ == "__main__":
    sys.exit(main())
