"""The images' own steps, done in a clean environment: no container engine is needed for that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hopcheck_server.chain.processes import free_port

from .conftest import ROOT
from .dockerfile import Instruction, build, exec_form, stages, words

FILES = ("Dockerfile", "Dockerfile.suite")
SERVING = {"LLM_PROXY__LLM_MODE": "mock", "LLM_PROXY__INTERNAL_API_KEY": "sk-image-test-0123456789"}


@pytest.mark.parametrize("name", FILES)
def test_what_runs_has_no_root_no_shell_and_nothing_that_builds(name: str) -> None:
    first, last = stages((ROOT / name).read_text())
    assert words(last, "USER") == ["10001:10001"]
    assert words(last, "RUN") == []
    assert words(last, "COPY") == ["--from=build /opt/hopcheck /opt/hopcheck"]
    assert exec_form(words(last, "ENTRYPOINT")[0])[0] == "hopcheck"
    for stage in (first, last):
        image, _, tag = words(stage, "FROM")[0].split()[0].partition(":")
        assert image == "python"
        assert tag.count(".") == 2


@pytest.mark.parametrize("name", FILES)
def test_what_is_copied_is_in_the_context(name: str) -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for rest in words(stages((ROOT / name).read_text())[0], "COPY") for source in rest.split()[:-1]}
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> str:
    """PATH with what the base image has: Python and pip."""
    folder = tmp_path_factory.mktemp("base")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    return f"{folder / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"


@contextmanager
def built(name: str, folder: Path, tools: str) -> Iterator[tuple[list[Instruction], Path]]:
    """The last stage, and the folder that stands for /opt/hopcheck."""
    first, last = stages((ROOT / name).read_text())
    work = folder / "src"
    work.mkdir()
    build(first, ROOT, work, folder / "hopcheck", tools)
    yield last, folder / "hopcheck"


@pytest.mark.image
@pytest.mark.timeout(900)
def test_the_image_of_the_proxy_serves_and_ends_on_sigterm(tmp_path: Path, tools: str) -> None:
    with built("Dockerfile", tmp_path, tools) as (last, installed):
        port = str(free_port())

        def there(command: list[str]) -> list[str]:
            program = str(installed / "bin" / command[0])
            moved = [part.replace("8000", port).replace("0.0.0.0", "127.0.0.1") for part in command[1:]]
            return [program, *moved]

        serve = exec_form(words(last, "ENTRYPOINT")[0]) + exec_form(words(last, "CMD")[0])
        check = there(exec_form(words(last, "HEALTHCHECK")[0].partition("CMD")[2]))
        assert subprocess.run(check, timeout=60, stderr=subprocess.DEVNULL).returncode != 0
        with subprocess.Popen(there(serve), env=SERVING, stdout=subprocess.PIPE, text=True) as proxy:
            assert proxy.stdout is not None
            assert proxy.stdout.readline().strip() == f"http://127.0.0.1:{port}"
            assert subprocess.run(check, timeout=60).returncode == 0
            proxy.send_signal(signal.SIGTERM)
            assert proxy.wait(timeout=60) == 0
        assert not (installed / "bin" / "pip").exists()


@pytest.mark.image
@pytest.mark.timeout(900)
def test_the_suite_s_image_installs_and_knows_its_commands(tmp_path: Path, tools: str) -> None:
    with built("Dockerfile.suite", tmp_path, tools) as (last, installed):
        hopcheck = [str(installed / "bin" / exec_form(words(last, "ENTRYPOINT")[0])[0])]
        cases = subprocess.run([*hopcheck, "cases", "stream.cut"], capture_output=True, text=True, timeout=120)
        assert "cut" in cases.stdout
        for command in ("gate", "upstream", "replay"):
            shown = subprocess.run([*hopcheck, command, "--help"], capture_output=True, text=True, timeout=120)
            assert shown.stdout.startswith(f"usage: hopcheck {command} ")
