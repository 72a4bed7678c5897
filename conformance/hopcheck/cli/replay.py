"""Replace LiteLLM: respond with what was recorded, in its chunks and times. Ctrl-C stops it."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

from hopcheck.cassettes import Cassette, MalformedCassette, load_all
from hopcheck.cli.exits import HOLDS, UNTESTABLE, USAGE, Stop
from hopcheck.replay import CHUNKINGS, ReplayServer, scale_of
from hopcheck_server.wire.event_loop import run as run_loop
from hopcheck_server.wire.event_loop import stop_event


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument("folder", type=Path, help="cassettes, as `hopcheck record` makes them")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=4000, help="port; 0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--timing", default="recorded", metavar="HOW", help="recorded, instant or scaled:X (default: %(default)s)"
    )
    parser.add_argument(
        "--chunks", default="recorded", choices=CHUNKINGS, help="how streams are chunked (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        scale = scale_of(arguments.timing)
        cassettes = load_all(arguments.folder)
    except (MalformedCassette, OSError, ValueError) as error:
        raise Stop(USAGE, f"{error}.") from None
    if not cassettes:
        raise Stop(USAGE, f"there are no cassettes in {arguments.folder}; `hopcheck record` makes some.")
    server = ReplayServer(cassettes, scale=lambda name: scale, chunks=arguments.chunks, on_miss=_print_miss)
    return run_loop(_serve(server, cassettes, arguments.host, arguments.port))


def _print_miss(miss: str) -> None:
    print(f"not on cassette: {miss}", file=sys.stderr, flush=True)


async def _serve(server: ReplayServer, cassettes: dict[str, Cassette], host: str, port: int) -> int:
    stopped = stop_event()
    try:
        await server.start(host, port)
    except OSError as error:
        raise Stop(UNTESTABLE, f"can't listen on {host}:{port}: {error.strerror or error}.") from None
    async with server:
        gc.freeze()  # a collection of what was read would hold up every stream
        print(f"hopcheck replay of {len(cassettes)} cassettes on {server.url}", flush=True)
        await stopped.wait()
    played = [one.played > 0 for name in cassettes for one in server.index.of_cassette(name)]
    print(f"{sum(played)} of {len(played)} recordings were played; {len(server.missed)} requests were on no cassette")
    return HOLDS
