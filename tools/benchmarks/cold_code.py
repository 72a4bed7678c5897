"""What a pause does to a process: how long the same work takes just before it, right after it, and once more.

    python tools/benchmarks/cold_code.py [--times 100]

The work is a small answer, through a pair of sockets, an HTTP parser and a JSON parser. The clock starts when the
process runs again, so the waking itself isn't in it. Prints medians in microseconds.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import socket
import time
from statistics import median

import httptools

BODY = json.dumps({"choices": [{"index": number, "text": "x" * 50} for number in range(20)]}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY


class Reader:
    """Takes the body."""

    def on_body(self, data: bytes) -> None:
        json.loads(data)


def work(ends: tuple[socket.socket, socket.socket]) -> float:
    begun = time.monotonic_ns()
    ends[0].sendall(ANSWER)
    httptools.HttpResponseParser(Reader()).feed_data(ends[1].recv(65536))
    return (time.monotonic_ns() - begun) / 1e3


def awake(seconds: float) -> None:
    """Do nothing for a while, without giving the processor away."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


PAUSES = {
    "no pause": lambda: None,
    "5 ms awake": lambda: awake(0.005),
    "20 ms awake": lambda: awake(0.020),
    "5 ms asleep": lambda: time.sleep(0.005),
    "20 ms asleep": lambda: time.sleep(0.020),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=100)
    times = parser.parse_args().times
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in PAUSES}
    ends = socket.socketpair()
    gc.disable()
    for _ in range(times):
        for name in random.sample(list(PAUSES), len(PAUSES)):
            work(ends)
            PAUSES[name]()
            found[name].append((work(ends), work(ends)))
    print("| | right after it, us | once more, us |\n|---|---|---|")
    for name, pairs in found.items():
        first, second = (median(column) for column in zip(*pairs, strict=True))
        print(f"| {name} | {first:.0f} | {second:.0f} |")


if __name__ == "__main__":
    main()
