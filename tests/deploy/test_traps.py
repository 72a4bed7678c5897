"""Common mistakes in a deployment, and what LiteLLM does with them, as in docs/from-draft-to-reference.md."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from hopcheck_server.chain import serve
from hopcheck_server.chain.litellm import LiteLLM
from hopcheck_server.chain.processes import ProcessError, free_port
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.server import Upstream

from .conftest import ROOT

pytestmark = [pytest.mark.litellm, pytest.mark.timeout(600)]

PROVIDER = {"model": "openai/gpt-4o-mini", "api_base": "os.environ/OPENAI_API_BASE", "api_key": "sk-example-traps-0001"}
MASTER_KEY = {"master_key": "os.environ/LITELLM_MASTER_KEY"}

DRAFT: dict[str, Any] = {
    "model_list": [
        {"model_name": "gpt-4o-mini", "litellm_params": {**PROVIDER, "cooldown_time": 0, "rpm": 2}},
        {"model_name": "fake-model", "litellm_params": {"model": "fake/fake-model"}},
        {
            "model_name": "llama-vllm",
            "litellm_params": {**PROVIDER, "model": "hosted_vllm/an-8b-instruct", "cooldown_time": 0},
        },
    ],
    "router_settings": {"retry_policy": {"max_retries": 5, "delay": 9.0}, "rate_limit": {"rpm": 2, "tpm": 10}},
    "general_settings": MASTER_KEY,
}

Ask = Callable[..., Awaitable[tuple[httpx2.Response, list[Attempt]]]]


def asking(base_url: str, key: str, upstream: Upstream) -> Ask:
    """Ask for one answer; gives it, and the attempts at the upstream, which plays the turns."""

    async def ask(
        model: str, *turns: Any, nonce: str, read_timeout_s: float = 60, **more: Any
    ) -> tuple[httpx2.Response, list[Attempt]]:
        upstream.load({f"trap.{nonce}": reply.script_of(turns or reply.chat("Hello"))})
        sign = str(Marker.make(f"trap.{nonce}", "chat", nonce))
        body = {"model": model, "messages": [{"role": "user", "content": sign}], **more}
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=read_timeout_s) as client:
            answer = await client.post(f"{base_url}/chat/completions", json=body)
        return answer, upstream.journal.attempts(sign)

    return ask


def written(folder: Path, config: dict[str, Any]) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def test_a_draft_s_keys_are_passed_over_and_the_rest_multiplies(tmp_path: Path) -> None:
    async def main() -> None:
        async with await Upstream.start() as upstream:
            env = {"OPENAI_API_BASE": f"{upstream.url}/v1"}
            log_file = tmp_path / "litellm.log"
            async with LiteLLM.start(written(tmp_path, DRAFT), log_file=log_file, env=env) as litellm:
                ask = asking(litellm.base_url, litellm.master_key, upstream)
                await retry_policy_is_ignored(ask)
                await rate_limit_is_ignored(ask)
                await the_unknown_provider_is_dropped(ask, log_file)
                await the_gate_does_not_begin(litellm, upstream)
                await hosted_vllm_changes_what_passes(ask)
                await a_client_s_retries_multiply(litellm, upstream, tmp_path)

    asyncio.run(main())


async def retry_policy_is_ignored(ask: Ask) -> None:
    """`max_retries: 5, delay: 9.0`: three attempts, which is the default, and no nine seconds between them."""
    answer, attempts = await ask("gpt-4o-mini", reply.status(500), nonce="retrypolicy")
    assert (answer.status_code, len(attempts)) == (500, 3)
    assert attempts[-1].received_ns - attempts[0].received_ns < 9e9


async def rate_limit_is_ignored(ask: Ask) -> None:
    """`rate_limit` in the router's settings, and `rpm: 2` without enforce_model_rate_limits: five of five pass."""
    statuses = [(await ask("gpt-4o-mini", nonce=f"ratelimit{number}"))[0].status_code for number in range(5)]
    assert statuses == [200] * 5


async def the_unknown_provider_is_dropped(ask: Ask, log_file: Path) -> None:
    """LiteLLM is ready, which is why we get here, and doesn't know the model that its configuration names."""
    assert "LLM Provider NOT provided" in log_file.read_text()  # noqa: ASYNC240 - a test, alone in its loop
    answer, attempts = await ask("fake-model", nonce="dropped")
    assert (answer.status_code, attempts) == (400, [])


async def the_gate_does_not_begin(litellm: LiteLLM, upstream: Upstream) -> None:
    """Nor does a gate: it says so before the first case."""
    words = [litellm.base_url, "--api-key-env", "KEY", "--upstream-url", upstream.url, "--model", "fake-model"]
    gate = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hopcheck", "gate", *words), env={"KEY": litellm.master_key}
    )
    assert await gate.wait() == 3


async def hosted_vllm_changes_what_passes(ask: Ask) -> None:
    """`hosted_vllm/` cuts a stream's text at U+2028, and takes `strict` out of tools; `openai/` does neither."""
    text = "before\u2028after"
    function = {"name": "clock", "strict": True, "parameters": {"type": "object", "properties": {}}}
    tools = [{"type": "function", "function": function}]
    seen = {}
    for model in ("llama-vllm", "gpt-4o-mini"):
        nonce = model.replace("-", "")
        answer, attempts = await ask(model, reply.stream(text), nonce=nonce, stream=True, tools=tools)
        strict = attempts[0].json["tools"][0]["function"].get("strict")
        seen[model] = ("after" in answer.text, strict)
    assert seen == {"llama-vllm": (False, None), "gpt-4o-mini": (True, True)}


async def a_client_s_retries_multiply(litellm: LiteLLM, upstream: Upstream, folder: Path) -> None:
    """The naive proxy's client retries twice, and LiteLLM behind it three times each: nine attempts."""
    port = free_port()
    program = ROOT / "examples" / "naive_proxy" / "app.py"
    env = {"NAIVE_UPSTREAM_URL": litellm.base_url, "NAIVE_UPSTREAM_KEY": litellm.master_key}
    command = [sys.executable, program, "--port", str(port)]
    async with serve(command, name="the naive proxy", log_file=folder / "naive.log", env=env) as naive:
        ask = asking(f"{naive.url}/v1", "any", upstream)
        answer, attempts = await ask("gpt-4o-mini", reply.status(500), nonce="multiplied")
    assert len(attempts) == 9
    assert (answer.status_code, "Error" in answer.text) == (200, True)  # an error as the text of an answer


@pytest.mark.parametrize(
    ("settings", "code", "says"),
    [
        ({"database_url": "sqlite:///./litellm.db"}, 1, "SQLite and other engines are not supported"),
        ({"master_key": "sk-1234"}, 3, "dangerously_permit_weak_or_unset_master_key"),
    ],
)
def test_litellm_does_not_start_with(tmp_path: Path, settings: dict[str, str], code: int, says: str) -> None:
    config = {**DRAFT, "general_settings": {**MASTER_KEY, **settings}}

    async def main() -> None:
        async with LiteLLM.start(written(tmp_path, config), log_file=tmp_path / "litellm.log"):
            raise AssertionError("never gets here")

    with pytest.raises(ProcessError, match=f"ended with {code} "):
        asyncio.run(main())
    assert says in (tmp_path / "litellm.log").read_text()


def test_retries_of_an_own_limit_hold_the_request(tmp_path: Path) -> None:
    """`RateLimitErrorRetries: 1` with an enforced limit: no client gets a 429 (the answer comes after 60 s)."""
    model = {"model_name": "gpt-4o-mini", "litellm_params": {**PROVIDER, "rpm": 1}}
    router = {
        "retry_policy": {"RateLimitErrorRetries": 1},
        "optional_pre_call_checks": ["enforce_model_rate_limits"],
    }
    config = {"model_list": [model], "router_settings": router, "general_settings": MASTER_KEY}

    async def main() -> None:
        async with await Upstream.start() as upstream:
            env = {"OPENAI_API_BASE": f"{upstream.url}/v1"}
            log_file = tmp_path / "litellm.log"
            async with LiteLLM.start(written(tmp_path, config), log_file=log_file, env=env) as litellm:
                ask = asking(litellm.base_url, litellm.master_key, upstream)
                assert (await ask("gpt-4o-mini", nonce="first"))[0].status_code == 200
                with pytest.raises(httpx2.ReadTimeout):
                    await ask("gpt-4o-mini", nonce="second", read_timeout_s=8)
                assert upstream.journal.attempts(str(Marker.make("trap.second", "chat", "second"))) == []

    asyncio.run(main())


def test_a_gate_on_a_proxy_that_isn_t_there_is_no_green_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hopcheck", "gate", f"http://127.0.0.1:{free_port()}/v1", "--one-sided"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 3
    assert "Nothing answers" in done.stderr
