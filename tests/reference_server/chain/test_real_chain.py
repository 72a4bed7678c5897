"""The whole chain, real: upstream, LiteLLM, reference proxy."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hopcheck.cli.outage import CRITICAL, direct_to
from hopcheck.client.config import Declares, Models, TargetConfig
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import gate
from hopcheck_server.chain import Stack, serve_reference
from hopcheck_server.chain.processes import http_status
from hopcheck_server.chain.switch import Switch

pytestmark = [pytest.mark.litellm, pytest.mark.timeout(600)]

UPSTREAM = [sys.executable, "-m", "hopcheck", "upstream", "--port", "0"]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Stack]]:
    start = Stack.start(work_dir=tmp_path_factory.mktemp("chain"), upstream_command=UPSTREAM)
    with asyncio.Runner() as runner:
        exits = AsyncExitStack()
        try:
            yield runner, runner.run(exits.enter_async_context(start))
        finally:
            runner.run(exits.aclose())


def pasted(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout


def test_what_it_says_about_itself_works_when_pasted(chain: tuple[asyncio.Runner, Stack]) -> None:
    _, stack = chain
    text = stack.describe()
    from_shell, _, from_python = text.partition("From Python:\n\n")
    assert '"finish_reason"' in pasted(["sh", "-c", from_shell.partition("From a shell, by each API:\n\n")[2]])
    assert pasted([sys.executable, "-c", from_python]).strip()


def test_each_hop_answers_to_its_own_key_alone(chain: tuple[asyncio.Runner, Stack]) -> None:
    runner, stack = chain
    assert stack.proxy is not None

    def status(port: int, key: str) -> int | None:
        return runner.run(http_status(port, "/v1/models", {"authorization": f"Bearer {key}"}, timeout_s=30))

    assert status(stack.litellm.port, stack.litellm.master_key) == 200
    assert status(stack.proxy.port, stack.proxy.key) == 200
    assert status(stack.proxy.port, stack.litellm.master_key) == 401
    assert stack.front is stack.proxy


def test_cases_about_outages_conform_in_front_of_litellm(chain: tuple[asyncio.Runner, Stack], tmp_path: Path) -> None:
    runner, stack = chain

    async def run() -> list[Verdict]:
        async with AsyncExitStack() as exits:
            switch = await exits.enter_async_context(await Switch("127.0.0.1", stack.litellm.port).start())
            config = await reference_behind(switch, stack, exits, tmp_path)
            cases = select(all_cases().values(), ["llm_proxy.outage-*"])
            outcome = await gate(GateOptions(config=config, cases=cases), asyncio.Event(), lambda *_: None)
            return outcome.verdicts

    verdicts = runner.run(run())
    assert len(verdicts) == 4
    failed = [(one.case_id, one.reason, one.failed) for one in verdicts if one.outcome is not Outcome.CONFORMS]
    assert failed == []


async def reference_behind(switch: Switch, stack: Stack, exits: AsyncExitStack, folder: Path) -> TargetConfig:
    settings = direct_to(stack.upstream)
    log_file = folder / "reference.log"
    serving = serve_reference(switch.url, stack.litellm.master_key, log_file=log_file, settings=settings)
    proxy = await exits.enter_async_context(serving)
    return TargetConfig(
        name="reference",
        base_url=proxy.base_url,
        api_key=proxy.key,
        upstream_url=stack.upstream.url,
        models=Models(chat="fake-model"),
        declares=Declares(llm_proxy=True, outage=switch.control_url, direct_fallback=CRITICAL),
    )


KEPT = """
import asyncio, sys
from pathlib import Path
from hopcheck_server.chain import Stack
async def main():
    async with Stack.start(work_dir=Path(sys.argv[1]), upstream_command=sys.argv[2:]) as stack:
        print(stack.upstream.port, stack.litellm.port, stack.proxy.port, flush=True)
        await stack.watch()
asyncio.run(main())
"""


def test_ctrl_c_takes_all_of_it_down(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KEPT, str(tmp_path), *UPSTREAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        ports = [int(port) for port in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGINT)
    assert len(ports) == 3
    assert [listens(port) for port in ports] == [False, False, False]


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
