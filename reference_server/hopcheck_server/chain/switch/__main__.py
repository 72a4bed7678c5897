"""Run a switch: `python -m hopcheck_server.chain.switch --port 4001 --to 127.0.0.1:4000`."""

from __future__ import annotations

import argparse
import sys

from hopcheck_server.chain.switch.server import Switch
from hopcheck_server.exits import USAGE
from hopcheck_server.wire import event_loop
from hopcheck_server.wire.event_loop import stop_event


def main() -> int:
    """Pass all connections on until SIGINT or SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hopcheck_server.chain.switch", description=__doc__)
    parser.add_argument("--to", required=True, metavar="HOST:PORT", help="the backend")
    parser.add_argument("--port", type=int, default=0, help="where the proxy expects it; 0 takes a free port")
    parser.add_argument("--control-port", type=int, default=0, help="where the switch is turned; 0 takes a free port")
    options = parser.parse_args()
    host, _, port = options.to.rpartition(":")
    if not host or not port.isdecimal():
        parser.error("--to must be HOST:PORT, like 127.0.0.1:4000")
    try:
        return event_loop.run(_serve(Switch(host, int(port)), options.port, options.control_port))
    except OSError as error:
        print(f"port {options.port} or {options.control_port} can't be listened on: {error.strerror}", file=sys.stderr)
        return USAGE


async def _serve(switch: Switch, port: int, control_port: int) -> int:
    stopped = stop_event()
    async with await switch.start(port, control_port):
        print(f"the backend is at {switch.url}\nits switch is at {switch.control_url}", flush=True)
        await stopped.wait()
    return stopped.exit_code


if __name__ == "__main__":
    sys.exit(main())
