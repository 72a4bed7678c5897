"""One example deployment at a time: the upstream in the providers' place, LiteLLM, and the reference proxy."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx2
import pytest

from hopcheck.gate.catalogue import all_cases, all_scripts
from hopcheck_server.chain import Served, serve
from hopcheck_server.chain.litellm import LiteLLM
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.script.turns import Turn
from hopcheck_server.upstream.server import Upstream

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
# Keys without words or rows of digits, which stand in answers, too.
CLIENT_KEY = "sk-c1d8e05f7a9b46e2"
KEYS = {
    "openai": "sk-7be0c4a1d25f90d8",
    "azure": "sk-4f93a6e8b07d1c52",
    "vllm": "sk-e28d5b1f06c97a34",
    "anthropic": "sk-0b7d6e92a5c14f83",
    "gemini": "sk-91e4c07fb2d8a365",
}


class Models(NamedTuple):
    """What the tests ask of one example.

    Attributes:
        judged: Each with the provider whose key is to arrive.
        sample: The one of these that the gate judges in the session `chain`; together they have each provider.
        batch: The limited ones.
        fallbacks: Pairs of models.
        foreign: Those of providers that speak another dialect than OpenAI's, each with its provider.
        retries: Attempts beyond the first after a 500.
        timeout_s: Of an attempt.
    """

    judged: dict[str, str]
    sample: str
    batch: dict[str, str]
    fallbacks: dict[str, str]
    foreign: Mapping[str, str] = MappingProxyType({})
    retries: int = 2
    timeout_s: int = 60


_THREE = {"gpt-4o-mini": "openai", "gpt-4o-mini-azure": "azure", "llama-3.1-8b": "vllm"}
_THREE_BATCH = {f"{model}-batch": provider for model, provider in _THREE.items()}
_THREE_FALLBACKS = {
    "gpt-4o-mini": "gpt-4o-mini-azure",
    "gpt-4o-mini-azure": "gpt-4o-mini",
    "llama-3.1-8b": "gpt-4o-mini",
}
DEPLOYMENTS = {
    "basic": Models(
        {"gpt-4o-mini": "openai"}, "gpt-4o-mini", {"gpt-4o-mini-batch": "openai"}, {"gpt-4o-mini": "gpt-4o"}
    ),
    "azure": Models({"gpt-4o-mini": "azure"}, "gpt-4o-mini", {"gpt-4o-mini-batch": "azure"}, {"gpt-4o-mini": "gpt-4o"}),
    "multiprovider": Models(
        _THREE,
        "llama-3.1-8b",
        _THREE_BATCH,
        _THREE_FALLBACKS | {"claude-sonnet": "gemini-flash", "gemini-flash": "claude-sonnet"},
        foreign={"claude-sonnet": "anthropic", "gemini-flash": "gemini", "llama-local": "ollama"},
    ),
    "production": Models(_THREE, "gpt-4o-mini", _THREE_BATCH, _THREE_FALLBACKS, retries=1, timeout_s=30),
}


@dataclass
class Deployment:
    """A running example, and one way to ask it.

    Attributes:
        name: Of the example.
        models: What there is to ask.
        work_dir: For reports.
        upstream: In the providers' place.
        proxy: In front.
        used_minute: The calendar minute in which the limits were last used up.
    """

    name: str
    models: Models
    work_dir: Path
    upstream: Upstream
    proxy: Served
    used_minute: int = 0
    _asked: int = field(default=0, init=False)

    async def ask(self, model: str, *turns: Turn, **more: Any) -> tuple[httpx2.Response, list[Attempt]]:
        """Return the answer, and the attempts that reached the upstream, which plays the turns one after another."""
        self._asked += 1
        script = f"example.{self._asked}"
        self.upstream.load({script: reply.script_of(turns or reply.chat("Hello"))})
        sign = str(Marker.make(script, "chat", "once"))
        body = {"model": model, "messages": [{"role": "user", "content": f"Say hello. {sign}"}], **more}
        async with self.client() as client:
            answer = await client.post("/chat/completions", json=body)
        return answer, self.upstream.journal.attempts(sign)

    def client(self) -> httpx2.AsyncClient:
        """A client with the proxy's key."""
        key = {"authorization": f"Bearer {CLIENT_KEY}"}
        return httpx2.AsyncClient(base_url=self.proxy.base_url, headers=key, timeout=60)


class Run(NamedTuple):
    """A deployment, and the loop that it runs in."""

    deployment: Deployment
    runner: asyncio.Runner


def providers_at(upstream: Upstream) -> dict[str, str]:
    """The providers' variables of all examples, pointing at one upstream."""
    keys = {f"{provider.upper()}_API_KEY": key for provider, key in KEYS.items()}
    with_v1 = {f"{provider}_API_BASE": f"{upstream.url}/v1" for provider in ("OPENAI", "VLLM")}
    without = {f"{provider}_API_BASE": upstream.url for provider in ("AZURE", "ANTHROPIC", "GEMINI", "OLLAMA")}
    return {**keys, **with_v1, **without}


@asynccontextmanager
async def deployed(name: str, work_dir: Path) -> AsyncIterator[Deployment]:
    """Start LiteLLM with an example's configuration, and `hopcheck serve` with its file of variables."""
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(await Upstream.start(all_scripts(all_cases().values())))
        litellm = await stack.enter_async_context(
            LiteLLM.start(
                EXAMPLES / f"litellm_config.{name}.yaml",
                log_file=work_dir / "litellm.log",
                env=providers_at(upstream),
            )
        )
        proxy = await stack.enter_async_context(serve_with(name, litellm, work_dir))
        yield Deployment(name, DEPLOYMENTS[name], work_dir, upstream, proxy)


def serve_with(name: str, litellm: LiteLLM, work_dir: Path) -> Any:
    """`hopcheck serve --env-file`; the environment says only what a file can't know."""
    command = [sys.executable, "-m", "hopcheck", "serve", "--env-file", EXAMPLES / f"{name}.env", "--port", "0"]
    env = {
        "LITELLM_MASTER_KEY": litellm.master_key,
        "LLM_PROXY__INTERNAL_API_KEY": CLIENT_KEY,
        "LLM_PROXY__LITELLM_PROXY_URL": litellm.url,
        # A busy machine is no outage.
        "LLM_PROXY__HEALTH_SILENCE_S": "120",
    }
    return serve(command, name="the reference proxy", log_file=work_dir / "proxy.log", env=env, key=CLIENT_KEY)


@pytest.fixture(scope="module", params=sorted(DEPLOYMENTS))
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Each example; a worker runs one LiteLLM at a time."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        entered = stack.enter_async_context(deployed(request.param, tmp_path_factory.mktemp(request.param)))
        try:
            yield Run(runner.run(entered), runner)
        finally:
            runner.run(stack.aclose())


def models_of(attempts: Sequence[Attempt]) -> list[str]:
    """Whom the attempts asked for."""
    return [attempt.model for attempt in attempts]
