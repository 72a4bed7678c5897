"""The shared example: LiteLLM's workers count in one Redis, and each client of LLM-Proxy has limits of its own."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from hopcheck_server.chain import Served, serve
from hopcheck_server.chain.litellm import LiteLLM
from hopcheck_server.chain.processes import ManagedProcess, free_port
from hopcheck_server.proxy.client_keys import new_key
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.server import Upstream

from .conftest import EXAMPLES, providers_at

pytestmark = [
    pytest.mark.litellm,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server isn't installed: apt-get has it"),
]

LIMIT = 10
"""Of each client, in requests a minute."""

Answers = tuple[Counter[int], list[Attempt]]


@dataclass(frozen=True)
class SharedDeployment:
    """Two workers of LLM-Proxy in front of two of LiteLLM, and a Redis.

    Attributes:
        upstream: In the provider's place.
        litellm: Behind.
        proxy: In front.
        keys: What LLM-Proxy's clients hold, by their names.
        litellm_keys: What LiteLLM knows them by.
    """

    upstream: Upstream
    litellm: LiteLLM
    proxy: Served
    keys: dict[str, str]
    litellm_keys: dict[str, str]

    async def ask_at_once(self, base_url: str, key: str, requests: int, model: str = "gpt-4o-mini") -> Answers:
        """Ask that often at the same time; return how many got which status, and what reached the provider."""
        sign = str(Marker.make("shared.limits", "chat", secrets.token_hex(4)))
        body = {"model": model, "messages": [{"role": "user", "content": f"Say hello. {sign}"}]}
        limits = httpx2.Limits(max_connections=requests)
        headers = {"authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=base_url, headers=headers, limits=limits, timeout=60) as client:
            answers = await asyncio.gather(*(client.post("/chat/completions", json=body) for _ in range(requests)))
        return Counter(answer.status_code for answer in answers), self.upstream.journal.attempts(sign)


@asynccontextmanager
async def redis(work_dir: Path) -> AsyncIterator[int]:
    """Run a Redis that keeps nothing; its port."""
    port = free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    log_file = work_dir / "redis.log"
    async with ManagedProcess.start(command, name="Redis", log_file=log_file, env={}, cwd=work_dir) as process:
        await process.ready(lambda: pong(port), timeout_s=30)
        yield port


async def pong(port: int) -> bool | None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return None
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n" or None
    finally:
        writer.close()


@asynccontextmanager
async def shared(work_dir: Path) -> AsyncIterator[SharedDeployment]:
    """Start it with the example's files, and with clients of our own in place of its list of clients."""
    litellm_keys = {name: f"sk-{secrets.token_hex(16)}" for name in ("alone", "search", "billing")}
    (work_dir / "clients.toml").write_text("".join(litellm_client(name, key) for name, key in litellm_keys.items()))
    made = {name: new_key(name) for name in ("search", "billing")}
    lines = [f"{line} $LITELLM_KEY_{name.upper()}\n" for name, (_, line) in made.items()]
    (work_dir / "clients.keys").write_text("".join(lines))
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(await Upstream.start({}))
        port = await stack.enter_async_context(redis(work_dir))
        env = {
            **providers_at(upstream),
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(port),
            "LITELLM_CLIENTS_FILE": str(work_dir / "clients.toml"),
        }
        config, log_file = EXAMPLES / "litellm_config.shared.yaml", work_dir / "litellm.log"
        litellm = await stack.enter_async_context(LiteLLM.start(config, log_file=log_file, env=env, workers=2))
        proxy = await stack.enter_async_context(serve_shared(litellm, work_dir, litellm_keys))
        yield SharedDeployment(upstream, litellm, proxy, {name: key for name, (key, _) in made.items()}, litellm_keys)


def litellm_client(name: str, key: str) -> str:
    """A client's table in LiteLLM's list."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f'[{name}]\nsha256 = "{digest}"\nrpm_limit = {LIMIT}\nmodels = ["gpt-4o-mini"]\n'


def serve_shared(litellm: LiteLLM, work_dir: Path, litellm_keys: dict[str, str]) -> object:
    """Two workers of `hopcheck serve --env-file`."""
    key = f"sk-{secrets.token_hex(16)}"
    command = [sys.executable, "-m", "hopcheck", "serve", "--env-file", EXAMPLES / "shared.env"]
    env = {
        "LITELLM_MASTER_KEY": litellm.master_key,
        "LLM_PROXY__INTERNAL_API_KEY": key,
        "LLM_PROXY__LITELLM_PROXY_URL": litellm.url,
        "LLM_PROXY__HEALTH_SILENCE_S": "120",
        "LLM_PROXY__CLIENT_KEYS_FILE": str(work_dir / "clients.keys"),
        **{f"LITELLM_KEY_{name.upper()}": key for name, key in litellm_keys.items()},
    }
    words = [*command, "--port", "0", "--workers", "2"]
    return serve(words, name="the reference proxy", log_file=work_dir / "proxy.log", env=env, key=key)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SharedDeployment, asyncio.Runner]]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        entered = stack.enter_async_context(shared(tmp_path_factory.mktemp("shared")))
        try:
            yield runner.run(entered), runner
        finally:
            runner.run(stack.aclose())


def test_a_clients_limit_holds_exactly_and_for_that_client_alone(
    run: tuple[SharedDeployment, asyncio.Runner],
) -> None:
    deployment, runner = run
    straight = deployment.ask_at_once(deployment.litellm.base_url, deployment.litellm_keys["alone"], 5 * LIMIT)
    statuses, attempts = runner.run(straight)
    assert (statuses, len(attempts)) == (Counter({200: LIMIT, 429: 4 * LIMIT}), LIMIT)

    through = deployment.ask_at_once(deployment.proxy.base_url, deployment.keys["search"], 5 * LIMIT)
    assert runner.run(through)[0] == statuses

    other = deployment.ask_at_once(deployment.proxy.base_url, deployment.keys["billing"], 1)
    assert runner.run(other)[0] == Counter({200: 1})


def test_a_client_gets_the_models_of_its_list_only(run: tuple[SharedDeployment, asyncio.Runner]) -> None:
    deployment, runner = run
    asked = deployment.ask_at_once(deployment.proxy.base_url, deployment.keys["billing"], 1, model="gpt-4o")
    statuses, attempts = runner.run(asked)
    assert (set(statuses), attempts) == ({403}, [])


def test_two_processes_of_litellm_answer(run: tuple[SharedDeployment, asyncio.Runner]) -> None:
    deployment, _ = run
    assert deployment.litellm.log_file.read_text().count("Started server process") == 2
