"""How much a recording delays a stream: the lag of each event behind the upstream's sending it, with and without a tee.

    python tools/benchmarks/tee_delay.py [--streams 40] [--events 50] [--rate 100]

Streams go by turns directly and through the tee, so that both meet the same machine. The upstream runs in a process of
its own; the tee shares one with the clients, as it does in a recording. Prints quantiles in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys

import uvloop

from hopcheck.cassettes.recording.wiretap import tapped
from hopcheck_server.upstream.control.client import RemoteControl
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.wire.pool import Origin

SCRIPT = "bench.pipe"


async def lags_ms(url: str, control: RemoteControl, nonce: str) -> list[float]:
    """Play one stream, and return how long after its sending each of its events was read."""
    own = str(Marker.make(SCRIPT, "chat.stream", nonce))
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": own}]}).encode()
    connection = await Origin.of(url).connect()
    headers = [("host", "h"), ("content-type", "application/json"), ("content-length", str(len(body)))]
    await connection.send("POST", "/v1/chat/completions", headers, body)
    await connection.head(10)
    read: list[int] = []
    async for at_ns, data in connection.chunks(10):
        read += [at_ns] * len(data)
    connection.close()
    (attempt,) = await control.wait(own, timeout_s=10)
    await control.forget(own)
    lags, end = [], 0
    for at_ns, size in attempt.sent:
        end += size
        lags.append((read[end - 1] - at_ns) / 1e6)
    return lags


async def measure(upstream: str, streams: int, events: int, rate: float) -> dict[str, list[float]]:
    """Play streams by turns directly and through a tee."""
    control = RemoteControl(upstream)
    await control.load({SCRIPT: reply.script_of(reply.chat(*["token "] * events, pace_s=1 / rate))})
    lags: dict[str, list[float]] = {"direct": [], "through the tee": []}
    async with tapped(upstream) as wiretap:
        ways = {"direct": upstream, "through the tee": f"http://127.0.0.1:{wiretap.pipe.port}"}
        for turn in range(2 * streams):
            way = list(ways)[turn % 2]
            lags[way] += await lags_ms(ways[way], control, f"n{turn}")
        assert len(wiretap.take()) == streams
    await control.aclose()
    return lags


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=40)
    parser.add_argument("--events", type=int, default=50)
    parser.add_argument("--rate", type=float, default=100.0, help="events per second")
    given = parser.parse_args()
    command = [sys.executable, "-m", "hopcheck", "upstream", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                lags = runner.run(measure(url, given.streams, given.events, given.rate))
        finally:
            process.terminate()
    marks = {way: statistics.quantiles(all_of_them, n=100) for way, all_of_them in lags.items()}
    for way, quantiles in marks.items():
        shown = "  ".join(f"p{mark} {quantiles[mark - 1]:.3f}" for mark in (50, 95, 99))
        print(f"{way:<16} {shown} ms behind, {len(lags[way])} events")
    direct, teed = marks.values()
    print("added            " + "  ".join(f"p{mark} {teed[mark - 1] - direct[mark - 1]:.3f}" for mark in (50, 95, 99)))


if __name__ == "__main__":
    main()
