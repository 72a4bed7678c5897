"""What HTTP/2 between a proxy and LiteLLM is worth: `python -m tools.http2 [--rounds 5]`.

LiteLLM's usual server, uvicorn, speaks HTTP/1.1 alone; granian takes HTTP/2 on the same port, too, unencrypted and with
prior knowledge. One client asks all three in turns, in changing order, sixteen requests at a time: over as many
connections by HTTP/1.1, over one by HTTP/2. Printed are medians over the rounds; CPU is that of LiteLLM's processes.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx2
import psutil

from hopcheck.cli.chain import UPSTREAM_COMMAND
from hopcheck_server.chain import serve
from hopcheck_server.chain.litellm import LiteLLM
from hopcheck_server.exits import HOLDS
from hopcheck_server.upstream.control.client import RemoteControl
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.marker import Marker

RESPONSE, STREAM = "http2.response", "http2.stream"
CONFIG, MODEL = Path(__file__).parents[1] / "examples/litellm_config.basic.yaml", "gpt-4o-mini"
SERVERS = {"uvicorn": (), "granian": ("--run_granian",)}
EVENTS = 50
REQUESTS = {RESPONSE: 160, STREAM: 48}
"""In one block."""

AT_ONCE = 16


@dataclass(frozen=True)
class Arm:
    """A way to LiteLLM.

    Attributes:
        name: In the table.
        litellm: The process.
        http2: Whether HTTP/2 is spoken.
    """

    name: str
    litellm: LiteLLM
    http2: bool = False

    def cpu_s(self) -> float:
        """Processor time that LiteLLM's processes have used."""
        family = psutil.Process(self.litellm.pid)
        times = [one.cpu_times() for one in (family, *family.children(recursive=True))]
        return sum(one.user + one.system for one in times)

    def client(self) -> httpx2.AsyncClient:
        """A client that speaks this arm's protocol alone."""
        return httpx2.AsyncClient(
            base_url=self.litellm.base_url,
            headers={"authorization": f"Bearer {self.litellm.master_key}"},
            http1=not self.http2,
            http2=self.http2,
            limits=httpx2.Limits(max_connections=AT_ONCE),
            timeout=120,
        )


@dataclass(frozen=True)
class Block:
    """What a block of requests took, in seconds: median, 95th percentile, and processor time for each."""

    p50_s: float
    p95_s: float
    cpu_s: float


async def block(arm: Arm, script: str) -> Block:
    """Send a block of requests, several at a time."""
    async with arm.client() as client:
        await _asked(client, arm, script, 1)
        before = arm.cpu_s()
        each = REQUESTS[script] // AT_ONCE
        parts = await asyncio.gather(*(_asked(client, arm, script, each) for _ in range(AT_ONCE)))
        times = sorted(time_s for part in parts for time_s in part)
        return Block(median(times), times[len(times) * 95 // 100], (arm.cpu_s() - before) / len(times))


async def _asked(client: httpx2.AsyncClient, arm: Arm, script: str, requests: int) -> list[float]:
    times, version = [], "HTTP/2" if arm.http2 else "HTTP/1.1"
    text = str(Marker.make(script, "chat.stream" if script == STREAM else "chat", "1"))
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "stream": script == STREAM}
    for _ in range(requests):
        began = time.perf_counter()
        response = (await client.post("/chat/completions", json=body)).raise_for_status()
        assert response.http_version == version, response.http_version
        times.append(time.perf_counter() - began)
    return times


async def compare(arms: Sequence[Arm], script: str, rounds: int) -> None:
    """Ask all arms in turns, and print a line for each."""
    found: dict[str, list[Block]] = {arm.name: [] for arm in arms}
    for number in range(rounds):
        for place in range(len(arms)):
            arm = arms[(number + place) % len(arms)]
            found[arm.name].append(await block(arm, script))
    for name, blocks in found.items():
        p50, p95, cpu = (median(values) * 1e3 for values in zip(*map(_figures, blocks), strict=True))
        print(
            f"{script.partition('.')[2]:<9} {name:<18} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   CPU {cpu:5.2f} ms",
            flush=True,
        )


def _figures(one: Block) -> tuple[float, float, float]:
    return one.p50_s, one.p95_s, one.cpu_s


async def run(rounds: int, work_dir: Path) -> None:
    """Start the upstream and two LiteLLMs, and compare."""
    async with AsyncExitStack() as running:
        starting = serve(UPSTREAM_COMMAND, name="the upstream", log_file=work_dir / "upstream.log")
        upstream = await running.enter_async_context(starting)
        control = RemoteControl(upstream.url)
        running.push_async_callback(control.aclose)
        turns = {RESPONSE: reply.chat("Hello"), STREAM: reply.chat(*["word "] * EVENTS)}
        await control.load({name: reply.script_of(turn) for name, turn in turns.items()})
        env = {"OPENAI_API_KEY": "sk-the-provider-s-key", "OPENAI_API_BASE": f"{upstream.url}/v1"}
        uvicorn, granian = [
            await running.enter_async_context(
                LiteLLM.start(CONFIG, log_file=work_dir / f"{server}.log", env=env, options=options)
            )
            for server, options in SERVERS.items()
        ]
        arms = [
            Arm("uvicorn, HTTP/1.1", uvicorn),
            Arm("granian, HTTP/1.1", granian),
            Arm("granian, HTTP/2", granian, True),
        ]
        for script in REQUESTS:
            await compare(arms, script, rounds)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.http2", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="hopcheck-http2-") as folder:
        asyncio.run(run(options.rounds, Path(folder)))
    return HOLDS


if __name__ == "__main__":
    sys.exit(main())
