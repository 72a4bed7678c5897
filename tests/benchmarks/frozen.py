"""What a server that freezes for one second in every five looks like: to plain Locust, and to hopcheck's open loop.

    python tests/benchmarks/frozen.py [--rate 200] [--seconds 20]

Plain Locust has users that wait for their answers (a closed loop): while the server is frozen, they ask nothing, so
each freeze costs it one slow request a user. Needs hopcheck[load]; prints both sides, and exits with 1 if the open loop
doesn't see the freeze (p99 of at least 900 ms).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

from hopcheck_load.underload.histograms import Histograms

PERIOD_S = 5.0
FREEZE_S = 1.0
SEEN_MS = 900.0
USERS = 10

BODY = json.dumps({"object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": "hi"}}]})
ANSWER = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n{BODY}".encode()

PLAIN = """
from locust import FastHttpUser, task

class Plain(FastHttpUser):
    @task
    def ask(self):
        self.client.post("/v1/chat/completions", json={"model": "m", "messages": []}, name="chat")
"""


class Frozen(asyncio.Protocol):
    """Answers whatever comes at once, unless nothing runs at all."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if b"\r\n\r\n" in data:  # the heads of all requests come whole, and nothing of a body looks like their end
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


async def serve() -> None:
    """Freeze, all of it, again and again."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Frozen, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while True:
        await asyncio.sleep(PERIOD_S - FREEZE_S)
        time.sleep(FREEZE_S)  # noqa: ASYNC251 - the freeze itself


def locust(*words: str) -> str:
    command = [sys.executable, "-m", "locust", "--headless", "--only-summary", "--loglevel", "ERROR", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def plain(url: str, folder: Path, seconds: float) -> dict[str, float]:
    """Quantiles in milliseconds, by Locust's own books."""
    (folder / "plain.py").write_text(PLAIN)
    told = (
        "--host",
        url,
        "-u",
        str(USERS),
        "-r",
        str(USERS),
        "-t",
        f"{seconds:g}s",
        "--json-file",
        str(folder / "plain"),
    )
    locust("-f", str(folder / "plain.py"), *told)
    (entry,) = json.loads((folder / "plain.json").read_text())
    times = sorted((float(ms), count) for ms, count in entry["response_times"].items())
    return {"requests": entry["num_requests"], **{f"p{100 * one:g}": _at(times, one) for one in (0.5, 0.9, 0.99)}}


def _at(times: list[tuple[float, int]], quantile: float) -> float:
    left = quantile * sum(count for _, count in times)
    for ms, count in times:
        left -= count
        if left <= 0:
            return ms
    return times[-1][0]


def open_loop(url: str, folder: Path, rate: float, seconds: float) -> dict[str, float]:
    """The same by the open loop."""
    told = {"target": f"{url}/v1", "rate": rate, "duration": seconds, "hdr": folder / "hdr.json"}
    words = [word for name, value in told.items() for word in (f"--hopcheck-{name}", str(value))]
    locust("-f", str(files("hopcheck_load").joinpath("locustfile.py")), *words)
    kept = Histograms()
    kept.add(json.loads((folder / "hdr.json").read_text()))
    name = "POST chat via target"
    quantiles = {f"p{100 * one:g}": round(kept.quantile_ms(name, one), 2) for one in (0.5, 0.9, 0.99)}
    return {"requests": kept.count(name), **quantiles}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            found = {
                f"plain Locust, {USERS} users": plain(url, Path(name), options.seconds),
                f"open loop, {options.rate:g} requests a second": open_loop(
                    url, Path(name), options.rate, options.seconds
                ),
            }
        finally:
            server.terminate()
            server.wait()
    for what, said in found.items():
        print(f"{what:<36}" + "".join(f"{name} {value:>10g}   " for name, value in said.items()))
    return 0 if list(found.values())[1]["p99"] >= SEEN_MS else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(serve())
    sys.exit(main())
