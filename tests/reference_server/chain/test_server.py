"""LiteLLM is started sealed, on a port of its own, with a strong key; shown with a stand-in for its command."""

import asyncio
import shlex
import socket
import sys
from pathlib import Path

import pytest

from hopcheck_server.chain.litellm import TEST_CONFIG, LiteLLM, LiteLLMEnvironment, server
from hopcheck_server.chain.processes import ProcessError, free_port


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = LiteLLMEnvironment("9.9.9", tmp_path / "environment")
    environment.litellm.parent.mkdir(parents=True)
    script = shlex.join([sys.executable, "-I", str(Path(__file__).with_name("fake_litellm.py"))])
    environment.litellm.write_text(f'#!/bin/sh\nexec {script} "$@"\n')
    environment.litellm.chmod(0o755)

    async def ensure(*_: object, **__: object) -> LiteLLMEnvironment:
        return environment

    monkeypatch.setattr(LiteLLMEnvironment, "ensure", ensure)


def started(tmp_path: Path, **env: str) -> LiteLLM:
    async def run() -> LiteLLM:
        async with LiteLLM.start(TEST_CONFIG, log_file=tmp_path / "litellm.log", env=env) as litellm:
            return litellm

    return asyncio.run(run())


def test_addresses_and_key_are_ready_to_use(tmp_path: Path) -> None:
    first, second = started(tmp_path), started(tmp_path)
    assert (first.url, first.base_url) == (f"http://127.0.0.1:{first.port}", f"http://127.0.0.1:{first.port}/v1")
    assert first.version == "9.9.9"
    assert first.log_file == tmp_path / "litellm.log"
    assert first.master_key != second.master_key
    assert first.master_key.startswith("sk-")
    assert len(first.master_key) > 40
    assert first.master_key not in repr(first)


def test_nothing_of_the_user_s_shell_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "HTTPS_PROXY", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE", "LITELLM_LOG"):
        monkeypatch.setenv(name, "from the shell")
    seen = set(started(tmp_path, HOPCHECK_UPSTREAM_URL="http://127.0.0.1:1/v1").process.log_text().split())
    assert seen >= {*server.SETTINGS, "LITELLM_MASTER_KEY", "HOPCHECK_UPSTREAM_URL", "PATH", "HOME"}
    assert not seen & {"OPENAI_API_KEY", "HTTPS_PROXY", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE", "LITELLM_LOG"}


def test_a_port_that_somebody_takes_first_is_tried_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        ports = iter([taken, free_port()])
        monkeypatch.setattr(server, "free_port", lambda: next(ports))
        litellm = started(tmp_path)
    assert litellm.port != taken
    assert "address already in use" in litellm.log_file.read_text()


def test_a_second_clash_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(server, "free_port", lambda: other.getsockname()[1])
        with pytest.raises(ProcessError, match=r"LiteLLM 9\.9\.9 ended with 1(?s:.*)address already in use"):
            started(tmp_path)


def test_one_that_does_not_know_our_key_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "START_TIMEOUT_S", 0.2)
    with pytest.raises(ProcessError, match=r"was not ready after 0\.2 s"):
        started(tmp_path, LITELLM_MASTER_KEY="somebody else's")
