"""A real LiteLLM behaves with the test configuration as its comments and the target file say."""

import asyncio
import itertools
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from time import time
from typing import Any, TypeVar

import httpx2
import pytest

from hopcheck_server.chain.litellm import TEST_CONFIG, LiteLLM
from hopcheck_server.chain.processes import ProcessError

from .provider import Provider

pytestmark = [pytest.mark.litellm, pytest.mark.timeout(600)]

T = TypeVar("T")


class Running:
    """A LiteLLM in front of a provider, and one way to ask it."""

    def __init__(self, runner: asyncio.Runner, provider: Provider, litellm: LiteLLM) -> None:
        self.runner, self.provider, self.litellm = runner, provider, litellm
        self._nonces = (f"nonce{number}" for number in itertools.count())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def ask(self, model: str, *turns: str, **more: Any) -> tuple[httpx2.Response, list[str]]:
        return self.run(self.asked(model, *turns, **more))

    async def asked(self, model: str, *turns: str, nonce: str = "", **more: Any) -> tuple[httpx2.Response, list[str]]:
        """Return the answer, and the models of the attempts that reached the provider."""
        nonce = nonce or next(self._nonces)
        text = f"do:{','.join(turns) or 200} {nonce}"
        body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        async with self.client() as client:
            answer = await client.post("/chat/completions", json=body)
        return answer, self.provider.models(nonce)

    def client(self) -> httpx2.AsyncClient:
        key = {"authorization": f"Bearer {self.litellm.master_key}"}
        return httpx2.AsyncClient(base_url=self.litellm.base_url, headers=key, timeout=60)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log_file = tmp_path_factory.mktemp("litellm") / "litellm.log"

    async def up(stack: AsyncExitStack) -> tuple[Provider, LiteLLM]:
        provider = Provider()
        await provider.start()
        stack.push_async_callback(provider.stop)
        keys = {"HOPCHECK_UPSTREAM_KEY": "sk-upstream", "HOPCHECK_BACKUP_KEY": "sk-backup"}
        env = {"HOPCHECK_UPSTREAM_URL": f"http://127.0.0.1:{provider.port}/v1", **keys}
        return provider, await stack.enter_async_context(LiteLLM.start(TEST_CONFIG, log_file=log_file, env=env))

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            yield Running(runner, *runner.run(up(stack)))
        finally:
            runner.run(stack.aclose())


async def fresh_minute() -> None:
    """Wait until a limit's calendar minute has at least ten seconds left."""
    left = 60 - time() % 60
    if left < 10:
        await asyncio.sleep(left + 0.5)


def test_it_is_the_version_and_the_process_that_it_says(real: Running) -> None:
    log = real.litellm.log_file.read_text()
    assert f"Started server process [{real.litellm.pid}]" in log
    assert f"http://127.0.0.1:{real.litellm.port}" in log
    assert real.litellm.version == "1.106.2"


def test_a_healthy_model_answers_with_the_provider_s_key(real: Running) -> None:
    answer, attempts = real.ask("fake-model", "200", nonce="healthy")
    assert (answer.status_code, attempts) == (200, ["fake-model"])
    head, _ = real.provider.attempts["healthy"][0]
    assert "authorization: bearer sk-upstream" in head.lower()
    assert real.litellm.master_key not in head


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 422, 429, 500, 503])
def test_no_failure_of_the_provider_cools_a_model_down(real: Running, status: int) -> None:
    answer, attempts = real.ask("fake-model", str(status))
    assert answer.status_code == status
    assert len(attempts) == (3 if status in {403, 429, 500, 503} else 1)
    assert real.ask("fake-model")[0].status_code == 200


def test_retries_as_often_as_declared(real: Running) -> None:
    answer, attempts = real.ask("fake-model", "503", "500", "200")
    assert (answer.status_code, len(attempts)) == (200, 3)


def test_what_the_primary_cannot_answer_the_backup_does(real: Running) -> None:
    answer, attempts = real.ask("fragile-model", "500", "500", "500", "200", nonce="fallback")
    assert answer.status_code == 200
    assert attempts == ["fragile-model"] * 3 + ["backup-model"]
    keys = [re.findall(r"sk-\w+", head) for head, _ in real.provider.attempts["fallback"]]
    assert keys == [["sk-upstream"]] * 3 + [["sk-backup"]]


@pytest.mark.parametrize("model", ["limited-model", "limited-model-2"])
def test_a_fourth_request_in_a_minute_is_not_forwarded(real: Running, model: str) -> None:
    real.run(fresh_minute())
    answers = [real.ask(model) for _ in range(4)]
    assert [answer.status_code for answer, _ in answers] == [200, 200, 200, 429]
    assert answers[-1][1] == []


def test_tokens_are_limited_too(real: Running) -> None:
    real.run(fresh_minute())
    answers = [real.ask("tpm-model") for _ in range(3)]
    assert [answer.status_code for answer, _ in answers] == [200, 200, 429]
    assert answers[-1][1] == []


def test_two_at_a_time_and_no_more(real: Running) -> None:
    async def three() -> tuple[list[int], tuple[httpx2.Response, list[str]]]:
        two = [asyncio.create_task(real.asked("narrow-model", "held", nonce="narrow")) for _ in range(2)]
        await real.provider.arrival("narrow", 2)
        third = await real.asked("narrow-model")
        real.provider.let_go.set()
        return [answer.status_code for answer, _ in await asyncio.gather(*two)], third

    admitted, (refused, attempts) = real.run(three())
    assert admitted == [200, 200]
    assert (refused.status_code, attempts) == (429, [])
    assert real.ask("narrow-model")[0].status_code == 200


def test_a_silent_provider_is_a_408_after_one_attempt(real: Running) -> None:
    answer, attempts = real.ask("slow-model", "hang")
    assert (answer.status_code, attempts) == (408, ["slow-model"])
    answer, attempts = real.ask("slow-model", "hang", stream=True)
    assert (answer.status_code, attempts) == (408, ["slow-model"])


def test_a_provider_that_refuses_connections_has_its_own_error(real: Running) -> None:
    answer, attempts = real.ask("dead-model")
    assert (answer.status_code, attempts) == (500, [])
    assert "Connection error" in answer.text


def test_no_model_rests_after_a_failure_of_its_provider(real: Running) -> None:
    assert real.ask("fake-model", "401")[0].status_code == 401
    assert real.ask("fake-model")[0].status_code == 200


@pytest.mark.parametrize("dropped", ["metadata", "prompt_cache_retention"])
def test_it_drops_what_the_target_file_says(real: Running, dropped: str) -> None:
    value: Any = {"a": "b"} if dropped == "metadata" else "24h"
    kept = {"user": "somebody", "verbosity": "low", "temperature": 0, "x_unknown": 1}
    real.ask("fake-model", nonce=f"drops{dropped}", **{dropped: value}, **kept)
    _, body = real.provider.attempts[f"drops{dropped}"][0]
    assert dropped not in body
    assert {name: body.get(name) for name in kept} == kept


def test_context_length_is_known_of_the_models_that_have_one(real: Running) -> None:
    async def info() -> dict[str, Any]:
        async with real.client() as client:
            models = (await client.get("/model/info")).json()["data"]
        return {model["model_name"]: model["model_info"].get("max_input_tokens") for model in models}

    known = real.run(info())
    assert (known["fake-model"], known["fake-embedding"], known["backup-model"]) == (16000, 8191, None)


def start_and_hang_up(log_file: Path, config: Path, **env: str) -> None:
    async def run() -> None:
        async with LiteLLM.start(config, log_file=log_file, env=env):
            raise AssertionError("never gets here")

    asyncio.run(run())


def test_one_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("model_list: [\n")
    with pytest.raises(ProcessError, match=r"LiteLLM 1\.106\.2 ended with \d+ before it was ready") as caught:
        start_and_hang_up(tmp_path / "litellm.log", config)
    assert "config.yaml" in str(caught.value)


PARENT = """
import asyncio, sys
from pathlib import Path
from hopcheck_server.chain.litellm import LiteLLM, TEST_CONFIG
async def main():
    env = {"HOPCHECK_UPSTREAM_URL": sys.argv[1], "HOPCHECK_UPSTREAM_KEY": "sk-up"}
    async with LiteLLM.start(TEST_CONFIG, log_file=Path(sys.argv[2]), env=env) as litellm:
        print(litellm.base_url, litellm.master_key, flush=True)
        await litellm.process.wait()
asyncio.run(main())
"""


async def in_vain(base_url: str, key: str) -> type[Exception]:
    """Ask for something that the provider never answers; return what kind of end that takes."""
    async with httpx2.AsyncClient(base_url=base_url, headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
        body = {"model": "fake-model", "messages": [{"role": "user", "content": "do:hang vain"}]}
        with pytest.raises(httpx2.TransportError) as caught:
            await client.post("/chat/completions", json=body)
    return caught.type


def test_it_ends_with_us_even_while_an_upstream_call_hangs(tmp_path: Path) -> None:
    """We are killed with SIGKILL, so nothing of ours cleans up, and LiteLLM doesn't heed SIGTERM during a call."""

    async def run() -> type[Exception]:
        provider = Provider()
        await provider.start()
        arguments = [f"http://127.0.0.1:{provider.port}/v1", str(tmp_path / "litellm.log")]
        parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, *arguments, stdout=PIPE)
        assert parent.stdout is not None
        asking = asyncio.create_task(in_vain(*(await parent.stdout.readline()).decode().split()))
        await provider.arrival("vain")
        parent.kill()
        await parent.wait()
        end = await asking
        await provider.stop()
        return end

    assert asyncio.run(run()) in {httpx2.RemoteProtocolError, httpx2.ReadError}
