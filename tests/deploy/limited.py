"""Workers of LLM-Proxy in front of workers of LiteLLM that count each client's limits together, in a Redis."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx2

from hopcheck_server.chain import Served, serve
from hopcheck_server.chain.litellm import LiteLLM
from hopcheck_server.chain.litellm.environment import LiteLLMEnvironment
from hopcheck_server.proxy.client_keys import new_key
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.server import Upstream

from . import prisma_engine
from .companions import postgres, redis
from .conftest import EXAMPLES, providers_at

LIMIT = 10
"""Of each client, in requests a minute."""

TINY_BUDGET = 1e-9
"""In dollars: any answer costs more."""

CLIENTS = ("alone", "search", "billing")
MODEL = "gpt-4o-mini"


class ClientsOfLiteLLM(ABC):
    """Where LiteLLM knows its clients from: one class for each example."""

    example: ClassVar[str]

    @abstractmethod
    def environment(self, work_dir: Path) -> AbstractAsyncContextManager[Mapping[str, str]]:
        """Make what LiteLLM needs for them; gives its environment variables."""

    @abstractmethod
    async def keys(self, litellm: LiteLLM) -> dict[str, str]:
        """The keys that LiteLLM knows its clients by, by their names."""


class ClientsInAFile(ClientsOfLiteLLM):
    """The example `shared`, with clients of our own in place of its list."""

    example = "shared"

    def __init__(self) -> None:
        self._keys = {name: f"sk-{secrets.token_hex(16)}" for name in CLIENTS}

    @asynccontextmanager
    async def environment(self, work_dir: Path) -> AsyncIterator[Mapping[str, str]]:
        file = work_dir / "clients.toml"
        file.write_text("".join(self._table(name, key) for name, key in self._keys.items()))
        yield {"LITELLM_CLIENTS_FILE": str(file)}

    async def keys(self, litellm: LiteLLM) -> dict[str, str]:
        return self._keys

    def _table(self, name: str, key: str) -> str:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return f'[{name}]\nsha256 = "{digest}"\nrpm_limit = {LIMIT}\nmodels = ["{MODEL}"]\n'


class VirtualKeys(ClientsOfLiteLLM):
    """The example `keys`, with a Postgres; `spender` has a budget that one answer uses up, `blocked` may nothing."""

    example = "keys"

    @asynccontextmanager
    async def environment(self, work_dir: Path) -> AsyncIterator[Mapping[str, str]]:
        installed = await LiteLLMEnvironment.ensure()
        client = await asyncio.to_thread(prisma_engine.make_client, installed, work_dir)
        async with postgres(work_dir) as url:
            await asyncio.to_thread(prisma_engine.migrate, installed, url)
            yield {**client, "DATABASE_URL": url, "LITELLM_SALT_KEY": f"sk-{secrets.token_hex(16)}"}

    async def keys(self, litellm: LiteLLM) -> dict[str, str]:
        fields = {name: {"rpm_limit": LIMIT, "models": [MODEL]} for name in CLIENTS}
        fields |= {"spender": {"max_budget": TINY_BUDGET}, "blocked": {"blocked": True}}
        headers = {"authorization": f"Bearer {litellm.master_key}"}
        async with httpx2.AsyncClient(base_url=litellm.url, headers=headers, timeout=60) as client:
            made = {
                name: await client.post("/key/generate", json={"key_alias": name, **given})
                for name, given in fields.items()
            }
        return {name: response.raise_for_status().json()["key"] for name, response in made.items()}


@dataclass(frozen=True)
class LimitedDeployment:
    """Two workers of LLM-Proxy in front of two of LiteLLM.

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

    async def ask(
        self, base_url: str, key: str, requests: int = 1, model: str = MODEL
    ) -> tuple[list[httpx2.Response], list[Attempt]]:
        """Ask that often at the same time; return the responses, and what reached the provider."""
        sign = str(Marker.make("limited", "chat", secrets.token_hex(4)))
        body = {"model": model, "messages": [{"role": "user", "content": f"Say hello. {sign}"}]}
        limits = httpx2.Limits(max_connections=requests)
        headers = {"authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=base_url, headers=headers, limits=limits, timeout=60) as client:
            responses = await asyncio.gather(*(client.post("/chat/completions", json=body) for _ in range(requests)))
        return responses, self.upstream.journal.attempts(sign)

    async def statuses(self, base_url: str, key: str, requests: int) -> tuple[Counter[int], int]:
        """Ask that often at the same time; return how many got which status, and how many reached the provider."""
        responses, attempts = await self.ask(base_url, key, requests)
        return Counter(one.status_code for one in responses), len(attempts)


@asynccontextmanager
async def limited(clients: ClientsOfLiteLLM, work_dir: Path) -> AsyncIterator[LimitedDeployment]:
    """Start an example with its files."""
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(await Upstream.start({}))
        port = await stack.enter_async_context(redis(work_dir))
        given = await stack.enter_async_context(clients.environment(work_dir))
        env = {**providers_at(upstream), "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port), **given}
        config = EXAMPLES / f"litellm_config.{clients.example}.yaml"
        starting = LiteLLM.start(config, log_file=work_dir / "litellm.log", env=env, workers=2)
        litellm = await stack.enter_async_context(starting)
        litellm_keys = await clients.keys(litellm)
        made = {name: new_key(name) for name in litellm_keys}
        lines = [f"{line} $LITELLM_KEY_{name.upper()}\n" for name, (_, line) in made.items()]
        (work_dir / "clients.keys").write_text("".join(lines))
        serving = serve_limited(clients.example, litellm, work_dir, litellm_keys)
        proxy = await stack.enter_async_context(serving)
        yield LimitedDeployment(upstream, litellm, proxy, {name: key for name, (key, _) in made.items()}, litellm_keys)


def serve_limited(
    example: str, litellm: LiteLLM, work_dir: Path, litellm_keys: Mapping[str, str]
) -> AbstractAsyncContextManager[Served]:
    """Two workers of `hopcheck serve --env-file`."""
    key = f"sk-{secrets.token_hex(16)}"
    command = [sys.executable, "-m", "hopcheck", "serve", "--env-file", EXAMPLES / f"{example}.env"]
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
