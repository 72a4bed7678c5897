"""The chain comes up in order, says how to talk to it in lines that work, and goes down together."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from hopcheck_server.chain import Served, Stack, serve
from hopcheck_server.chain.description import BODIES, ServerRow, curl_line, describe, openai_snippet
from hopcheck_server.chain.litellm import LiteLLM
from hopcheck_server.chain.processes import ManagedProcess, ProcessError
from hopcheck_server.chain.stack import CHAT_MODEL

CLINGING = Path(__file__).with_name("clinging_server.py")
PRINTS_URL = [sys.executable, "-c", "import signal; print('up: http://127.0.0.1:4321/v1', flush=True); signal.pause()"]


def served(tmp_path: Path, command: list[str]) -> Served:
    async def run() -> Served:
        async with serve(command, name="it", log_file=tmp_path / "it.log") as it:
            return it

    return asyncio.run(run())


@pytest.mark.parametrize("line", ["http://127.0.0.1:4321", "it listens on http://127.0.0.1:4321/v1/ now"])
def test_a_server_is_where_its_line_says(tmp_path: Path, line: str) -> None:
    it = served(tmp_path, [sys.executable, "-c", f"import signal; print({line!r}, flush=True); signal.pause()"])
    assert (it.url, it.base_url, it.port) == ("http://127.0.0.1:4321", "http://127.0.0.1:4321/v1", 4321)


def test_a_server_that_ends_is_an_error_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match=r"it ended with 1 before it was ready(?s:.*)bad setting"):
        served(tmp_path, [sys.executable, "-c", "import sys; sys.exit('bad setting')"])


def test_our_servers_get_nothing_of_the_shell_but_their_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = "import os, signal; print(sorted(os.environ), 'http://127.0.0.1:1', flush=True); signal.pause()"
    it = served(tmp_path, [sys.executable, "-c", code])
    assert it.process is not None
    assert "OPENAI_API_KEY" not in it.process.log_text()
    assert "PYTHONPATH" in it.process.log_text()


class FakeLiteLLM:
    """Takes LiteLLM's place: a server that does nothing, started as LiteLLM would be."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    @contextlib.asynccontextmanager
    async def start(self, config: Path, *, log_file: Path, **asked: Any) -> AsyncIterator[LiteLLM]:
        self.asked = {"config": config, **asked}
        async with ManagedProcess.start(
            [sys.executable, CLINGING], name="LiteLLM 9.9.9", log_file=log_file, grace_s=0
        ) as process:
            yield LiteLLM("9.9.9", 4000, "sk-master", process)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeLiteLLM:
    fake = FakeLiteLLM()
    monkeypatch.setattr(LiteLLM, "start", fake.start)
    return fake


def in_a_stack(tmp_path: Path, look: Callable[[Stack], Any]) -> Any:
    async def run() -> Any:
        async with Stack.start(work_dir=tmp_path, upstream_command=PRINTS_URL, proxy=False) as stack:
            return look(stack)

    return asyncio.run(run())


def test_litellm_gets_the_address_of_its_upstream(tmp_path: Path, fake: FakeLiteLLM) -> None:
    key = in_a_stack(tmp_path, lambda stack: stack.upstream_key)
    backup_key = fake.asked["env"].pop("HOPCHECK_BACKUP_KEY")
    root = "http://127.0.0.1:4321"
    assert fake.asked["env"] == {
        "HOPCHECK_UPSTREAM_URL": f"{root}/v1",
        "HOPCHECK_UPSTREAM_ROOT": root,
        "HOPCHECK_VLLM_URL": f"{root}/vllm/v1",
        "OLLAMA_API_BASE": root,
        "HOPCHECK_UPSTREAM_KEY": key,
    }
    assert backup_key != key
    assert fake.asked["config"].name == "litellm_config.test.yaml"


def test_an_upstream_that_runs_already_is_left_running(tmp_path: Path, fake: FakeLiteLLM) -> None:
    async def run() -> Stack:
        async with Stack.start(work_dir=tmp_path, upstream_url="http://127.0.0.1:5/v1", proxy=False) as stack:
            return stack

    stack = asyncio.run(run())
    assert stack.upstream.url == "http://127.0.0.1:5"
    assert [process.name for process in stack.processes] == ["LiteLLM 9.9.9"]
    assert fake.asked["env"]["HOPCHECK_UPSTREAM_URL"] == "http://127.0.0.1:5/v1"


def test_exactly_one_upstream_is_asked_for(tmp_path: Path) -> None:
    async def run(**upstream: Any) -> None:
        async with Stack.start(work_dir=tmp_path, **upstream):
            raise AssertionError("never gets here")

    with pytest.raises(ValueError, match="either upstream_command or upstream_url"):
        asyncio.run(run())
    with pytest.raises(ValueError, match="either upstream_command or upstream_url"):
        asyncio.run(run(upstream_command=PRINTS_URL, upstream_url="http://127.0.0.1:5"))


def test_keys_are_random_and_not_in_the_repr(tmp_path: Path, fake: FakeLiteLLM) -> None:
    first, second = (in_a_stack(tmp_path, lambda stack: stack) for _ in range(2))
    assert first.upstream_key != second.upstream_key
    assert len(first.upstream_key) > 20
    assert first.upstream_key not in repr(first)
    assert "sk-master" not in repr(first)


def test_all_of_it_goes_down_when_a_part_cannot_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.asynccontextmanager
    async def fails(*_: Any, **__: Any) -> AsyncIterator[LiteLLM]:
        raise ProcessError("LiteLLM ended with 1")
        yield

    monkeypatch.setattr(LiteLLM, "start", fails)
    with pytest.raises(ProcessError, match="LiteLLM ended with 1"):
        in_a_stack(tmp_path, lambda stack: stack)


def test_watch_names_the_one_that_ended(tmp_path: Path, fake: FakeLiteLLM) -> None:
    async def run() -> None:
        async with Stack.start(work_dir=tmp_path, upstream_command=PRINTS_URL, proxy=False) as stack:
            os.kill(stack.litellm.pid, 9)
            await stack.watch()

    with pytest.raises(ProcessError, match=r"LiteLLM 9\.9\.9 was ended by signal 9 \(Killed\)"):
        asyncio.run(run())


def test_description_names_every_server_and_ends_with_the_front(tmp_path: Path, fake: FakeLiteLLM) -> None:
    text = in_a_stack(tmp_path, lambda stack: (stack.describe(), stack.upstream_key))
    described, key = text
    assert key in described
    assert str(tmp_path / "litellm.log") in described
    for path in BODIES:
        assert curl_line("http://127.0.0.1:4000/v1", "sk-master", CHAT_MODEL, path) in described
    assert openai_snippet("http://127.0.0.1:4000/v1", "sk-master", CHAT_MODEL) in described


def pasted(run: Callable[[str], list[str]]) -> tuple[str, bytes]:
    """Run the pasted lines in a shell or Python, with a server that answers once; return output and request."""
    answer = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": CHAT_MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    }
    asked: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        asked.append(head + await reader.readexactly(length))
        body = json.dumps(answer).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n")
        writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    async def main() -> str:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        async with server:
            command = run(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
            done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True, timeout=60)
            return done.stdout.decode()

    return asyncio.run(main()), asked[0]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here to paste it to")
@pytest.mark.parametrize("path", BODIES)
def test_the_curl_line_works_when_pasted(path: str) -> None:
    output, request = pasted(lambda url: ["sh", "-c", curl_line(url, "sk-it's $HOME", CHAT_MODEL, path)])
    assert json.loads(output)["choices"][0]["message"]["content"] == "Hi"
    assert f"POST /v1/{path} ".encode() in request
    assert b"Authorization: Bearer sk-it's $HOME\r\n" in request


def test_the_openai_snippet_works_when_pasted() -> None:
    output, request = pasted(lambda url: [sys.executable, "-c", openai_snippet(url, "sk-key", CHAT_MODEL)])
    assert output == "Hi\n"
    assert b"Bearer sk-key\r\n" in request


def test_a_server_that_is_not_ours_has_no_pid_to_show() -> None:
    text = describe([ServerRow("upstream", "http://127.0.0.1:1/v1", "sk-up", None)], CHAT_MODEL)
    assert "pid" not in text
    assert "http://127.0.0.1:1/v1   key sk-up" in text
