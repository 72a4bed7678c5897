"""Each example deployment does what its files say: retries, fallbacks, limits and time-outs are seen to happen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from time import time
from typing import Any

import httpx2
import pytest

from hopcheck.client.providers.translated_attempt import foreign_dialect
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script import reply

from .conftest import DEPLOYMENTS, KEYS, Deployment, Run
from .judging import BASELINE, IN_FRONT_OF_LITELLM, GateVerdict, judge
from .migration import compare, require_answer

pytestmark = [pytest.mark.litellm, pytest.mark.timeout(600)]

RPM = 20
other_dialects = pytest.mark.parametrize(
    "run", [name for name, one in DEPLOYMENTS.items() if one.foreign], indirect=True
)
Answered = tuple[httpx2.Response, list[Attempt]]


def test_every_model_is_listed(run: Run) -> None:
    deployment, runner = run

    async def listed() -> list[str]:
        async with deployment.client() as client:
            return [model["id"] for model in (await client.get("/models")).json()["data"]]

    models = deployment.models
    wanted = {*models.judged, *models.batch, *models.fallbacks.values(), *models.foreign, "text-embedding-3-small"}
    assert wanted - set(runner.run(listed())) == set()


def test_each_provider_gets_its_own_key_and_a_bounded_time(run: Run) -> None:
    deployment, runner = run
    for model, provider in deployment.models.judged.items():
        answer, (attempt,) = runner.run(deployment.ask(model))
        assert answer.status_code == 200, answer.text
        assert attempt.key == KEYS[provider]
        # LiteLLM sets the time-out of the provider's client, which sends it in a header; its default is 6000.
        timeout_s = float(attempt.header("x-stainless-read-timeout") or "inf")
        assert timeout_s == (deployment.models.timeout_s if provider != "vllm" else 2 * deployment.models.timeout_s)


def test_a_failure_is_tried_again_by_litellm_and_by_nobody_else(run: Run) -> None:
    deployment, runner = run
    retries = deployment.models.retries
    for model in deployment.models.judged:
        failures = [reply.status(500)] * retries
        answer, attempts = runner.run(deployment.ask(model, *failures, reply.chat("Hello")))
        assert (answer.status_code, len(attempts)) == (200, retries + 1)
        assert len({attempt.model for attempt in attempts}) == 1


def test_what_one_can_t_answer_the_next_does(run: Run) -> None:
    deployment, runner = run
    for model in deployment.models.fallbacks:
        failures = [reply.status(500)] * (deployment.models.retries + 1)
        answer, attempts = runner.run(deployment.ask(model, *failures, reply.chat("Hello")))
        assert (answer.status_code, len(attempts)) == (200, len(failures) + 1)
        whom = [(attempt.model, attempt.key) for attempt in attempts]
        assert len(set(whom[:-1])) == 1
        assert whom[-1] not in whom[:-1]


def test_a_request_above_the_limit_is_refused_and_not_forwarded(run: Run) -> None:
    deployment, runner = run
    refusals = runner.run(within_a_minute(deployment, lambda: refusals_above_the_limit(deployment)))
    for answer, attempts in refusals:
        assert (answer.status_code, attempts) == (429, [])
        assert answer.json()["error"]["message"]


async def refusals_above_the_limit(deployment: Deployment) -> list[Answered]:
    """Use up each model's limit; return what the next request of each gets."""
    answers = await side_by_side(deployment, dict.fromkeys(deployment.models.batch, RPM))
    assert {answer.status_code for answer, _ in answers} == {200}
    return [await deployment.ask(model) for model in deployment.models.batch]


def pieces_of(text: str) -> list[str]:
    """The texts of a stream's pieces."""
    chunks = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    return [choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"]]


@other_dialects
def test_other_dialects_are_asked_with_their_own_keys(run: Run) -> None:
    deployment, runner = run
    for model, provider in deployment.models.foreign.items():
        answer, (attempt,) = runner.run(deployment.ask(model, reply.chat("Hello", finish="length")))
        (choice,) = answer.json()["choices"]
        assert (choice["message"]["content"], choice["finish_reason"]) == ("Hello", "length")
        dialect = foreign_dialect(attempt)
        assert dialect is not None
        assert (dialect.name, attempt.key) == (provider, KEYS.get(provider, ""))


@other_dialects
def test_other_dialects_stream_and_call_tools(run: Run) -> None:
    deployment, runner = run
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}]
    for model in deployment.models.foreign:
        answer, _ = runner.run(deployment.ask(model, reply.stream("Hel", "lo"), stream=True))
        assert "".join(pieces_of(answer.text)) == "Hello"
        assert answer.text.rstrip().endswith("data: [DONE]")
        answer, _ = runner.run(deployment.ask(model, reply.chat(tools=[reply.call("look_up", "{}")]), tools=tools))
        (called,) = answer.json()["choices"][0]["message"]["tool_calls"]
        assert (called["function"]["name"], json.loads(called["function"]["arguments"])) == ("look_up", {})


@other_dialects
def test_other_dialects_are_tried_again_and_refusals_are_not(run: Run) -> None:
    deployment, runner = run
    retries = deployment.models.retries
    for model in deployment.models.foreign:
        failures = [reply.status(500)] * retries
        answer, attempts = runner.run(deployment.ask(model, *failures, reply.chat("Hello")))
        assert (answer.status_code, len(attempts)) == (200, retries + 1)
    refusal = reply.status(400, {"message": "No such parameter."})
    answer, attempts = runner.run(deployment.ask("llama-local", refusal))  # it has no fallback
    assert (answer.status_code, len(attempts)) == (400, 1)
    assert "No such parameter." in answer.json()["error"]["message"]


def test_a_client_of_the_draft_is_answered(run: Run) -> None:
    run.runner.run(require_answer(run.deployment.proxy))


@pytest.mark.every_model
def test_the_gate_holds(run: Run) -> None:
    (verdict,) = require_gate(run, [run.deployment.models.sample])
    if run.deployment.name == "basic":  # the last step of docs/from-draft-to-reference.md
        compare("litellm", verdict)


@pytest.mark.every_model
@pytest.mark.parametrize("run", [name for name, one in DEPLOYMENTS.items() if len(one.judged) > 1], indirect=True)
def test_the_gate_holds_on_every_model_of_the_upstream(run: Run) -> None:
    models = run.deployment.models
    require_gate(run, [model for model in models.judged if model != models.sample])


def require_gate(run: Run, models: Sequence[str]) -> list[GateVerdict]:
    """Run the gate on some models at once, and require that it holds on each."""
    deployment, runner = run

    async def on_all() -> list[GateVerdict]:
        return await asyncio.gather(*(verdict_on(deployment, model) for model in models))

    verdicts = dict(zip(models, runner.run(on_all()), strict=True))
    assert {model: verdict.bad for model, verdict in verdicts.items()} == {model: {} for model in models}
    failed = [f"{model}\n{verdict.output}" for model, verdict in verdicts.items() if verdict.exit != 0]
    assert not failed, "\n".join(failed)
    assert all(verdict.cases > 90 for verdict in verdicts.values())
    return list(verdicts.values())


def test_tokens_are_limited_too(run: Run) -> None:
    """Comes last, when the minute whose requests are used up has passed meanwhile."""
    deployment, runner = run
    much = {"prompt_tokens": 39_000, "completion_tokens": 1_001, "total_tokens": 40_001}

    async def refusals_of_tokens() -> list[Answered]:
        for model in deployment.models.batch:
            answer, _ = await deployment.ask(model, reply.chat("Hello", usage=much))
            assert answer.status_code == 200
        return [await deployment.ask(model) for model in deployment.models.batch]

    refusals = runner.run(within_a_minute(deployment, refusals_of_tokens))
    assert [(refused.status_code, attempts) for refused, attempts in refusals] == [(429, [])] * len(refusals)


def verdict_on(deployment: Deployment, model: str) -> Coroutine[Any, Any, GateVerdict]:
    """The gate's verdict on one model."""
    folder = deployment.work_dir / model
    folder.mkdir()
    backup, *further = chain_behind(model, deployment.models.fallbacks)
    declares = [
        *IN_FRONT_OF_LITELLM,
        f"retries = {deployment.models.retries}",
        f"fallback = {{ primary = '{model}', backup = '{backup}', further = {further} }}",
    ]
    return judge(deployment.proxy, deployment.upstream, folder, "--baseline", BASELINE, model=model, declares=declares)


def chain_behind(model: str, fallbacks: Mapping[str, str]) -> list[str]:
    """The models that LiteLLM asks where a model fails, and each one after it; none of them twice."""
    chain = [model]
    while (following := fallbacks.get(chain[-1])) and following not in chain:
        chain.append(following)
    return chain[1:]


async def side_by_side(deployment: Deployment, wanted: dict[str, int]) -> list[Answered]:
    """Ask each model so often; four at a time, which is what the strictest of them takes."""
    gates = {model: asyncio.Semaphore(4) for model in wanted}

    async def one(model: str) -> Answered:
        async with gates[model]:
            return await deployment.ask(model)

    return await asyncio.gather(*(one(model) for model, count in wanted.items() for _ in range(count)))


async def within_a_minute(deployment: Deployment, use_up: Callable[[], Awaitable[list[Answered]]]) -> list[Answered]:
    """Use up limits within one calendar minute, by which LiteLLM counts; once more if a busy machine took longer."""
    for _ in range(3):
        await fresh_minute(deployment)
        refusals = await use_up()
        if deployment.used_minute == int(time() / 60):
            return refusals
        deployment.used_minute = int(time() / 60)
    raise AssertionError("three times, the limits weren't used up within a minute")


async def fresh_minute(deployment: Deployment) -> None:
    """Wait until the calendar minute has twenty seconds left and is a new one."""
    left_s = 60 - time() % 60
    if left_s < 20 or deployment.used_minute == int(time() / 60):
        await asyncio.sleep(left_s + 0.5)
    deployment.used_minute = int(time() / 60)
