"""LiteLLM's workers count in one Redis, and each client has limits of its own: clients in a file, and virtual keys."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest

from . import prisma_engine
from .companions import postgres_programs
from .limited import LIMIT, ClientsInAFile, LimitedDeployment, VirtualKeys, limited

HAS_POSTGRES = postgres_programs() is not None and all(map(shutil.which, prisma_engine.PROGRAMS))
needs_postgres = pytest.mark.skipif(not HAS_POSTGRES, reason="Postgres or node isn't installed: apt-get has them")
on_virtual_keys = pytest.mark.parametrize("run", [pytest.param(VirtualKeys, marks=needs_postgres)], indirect=True)

pytestmark = [
    pytest.mark.litellm,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server isn't installed: apt-get has it"),
]


class Run(NamedTuple):
    """A deployment, and the loop that it runs in."""

    deployment: LimitedDeployment
    runner: asyncio.Runner


@pytest.fixture(scope="module", params=[ClientsInAFile, pytest.param(VirtualKeys, marks=needs_postgres)])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    clients = request.param()
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        entered = stack.enter_async_context(limited(clients, tmp_path_factory.mktemp(clients.example)))
        try:
            yield Run(runner.run(entered), runner)
        except prisma_engine.EngineUnavailable as error:
            pytest.skip(str(error))
        finally:
            runner.run(stack.aclose())


def test_a_clients_limit_holds_exactly_and_for_that_client_alone(run: Run) -> None:
    deployment, runner = run
    direct = deployment.statuses(deployment.litellm.base_url, deployment.litellm_keys["alone"], 5 * LIMIT)
    assert runner.run(direct) == (Counter({200: LIMIT, 429: 4 * LIMIT}), LIMIT)

    through = deployment.statuses(deployment.proxy.base_url, deployment.keys["search"], 5 * LIMIT)
    assert runner.run(through) == (Counter({200: LIMIT, 429: 4 * LIMIT}), LIMIT)

    other = deployment.statuses(deployment.proxy.base_url, deployment.keys["billing"], 1)
    assert runner.run(other) == (Counter({200: 1}), 1)


def test_a_client_gets_the_models_of_its_list_only(run: Run) -> None:
    deployment, runner = run
    asked = deployment.ask(deployment.proxy.base_url, deployment.keys["billing"], model="gpt-4o")
    (response,), attempts = runner.run(asked)
    assert (response.status_code, attempts) == (403, [])


def test_two_processes_of_litellm_answer(run: Run) -> None:
    deployment, _ = run
    assert deployment.litellm.log_file.read_text().count("Started server process") == 2


@on_virtual_keys
def test_a_used_up_budget_is_refused_and_touches_no_other_key(run: Run) -> None:
    deployment, runner = run
    url, spender, other = deployment.proxy.base_url, deployment.keys["spender"], deployment.keys["billing"]
    (first,), _ = runner.run(deployment.ask(url, spender))
    assert first.status_code == 200
    # What an answer has cost is known when LiteLLM has written it down, which it does after the answer.
    while (asked := runner.run(deployment.ask(url, spender)))[0][0].status_code == 200:
        pass
    (refusal,), attempts = asked
    assert (refusal.status_code, refusal.json()["error"]["type"], attempts) == (422, "budget_exceeded", [])
    assert runner.run(deployment.statuses(url, other, 1)) == (Counter({200: 1}), 1)


@on_virtual_keys
def test_a_blocked_virtual_key_is_no_fault_of_the_clients(run: Run) -> None:
    deployment, runner = run
    (response,), attempts = runner.run(deployment.ask(deployment.proxy.base_url, deployment.keys["blocked"]))
    assert (response.status_code, response.json()["error"]["code"], attempts) == (502, "upstream_auth_error", [])
