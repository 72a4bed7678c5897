"""LiteLLM's environment is made once, complete or not at all, from locked requirements; failures are reported."""

import asyncio
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from hopcheck_server.chain.litellm import DEFAULT_VERSION, LiteLLMEnvironment, install
from hopcheck_server.chain.litellm.environment import cache_dir
from hopcheck_server.chain.litellm.requirements import RELAXED, Requirements
from hopcheck_server.chain.processes import ProcessError

pytestmark = pytest.mark.commands


class FakeUv:
    """The folder that the fake uv reads and writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "uv"
        script = Path(__file__).with_name("fake_uv.py")
        command = shlex.join([sys.executable, "-I", str(script), str(folder)])
        self.program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        self.program.chmod(0o755)

    def says(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    @property
    def installs(self) -> list[dict[str, Any]]:
        return [call for call in self.calls if "install" in call["arguments"]]


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeUv:
    (tmp_path / "uv").mkdir()
    fake = FakeUv(tmp_path / "uv")
    monkeypatch.setattr(install, "find_uv", lambda: str(fake.program))
    monkeypatch.setenv("HOPCHECK_CACHE", str(tmp_path / "cache"))
    return fake


def ensure(*args: str, **kwargs: Any) -> LiteLLMEnvironment:
    return asyncio.run(LiteLLMEnvironment.ensure(*args, **kwargs))


def test_cache_is_ours_the_user_s_or_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("HOPCHECK_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_dir() == Path("/home/somebody/.cache/hopcheck")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/xdg")
    assert cache_dir() == Path("/var/xdg/hopcheck")
    monkeypatch.setenv("HOPCHECK_CACHE", "~/mine")
    assert cache_dir() == Path("/home/somebody/mine")


HASHED = re.compile(r"[A-Za-z0-9._-]+==\S+( ; .+?)?( +--hash=sha256:[0-9a-f]{64})+")
"""A requirement with the hashes of its files, and without the address of an index."""


@pytest.mark.parametrize("version", [DEFAULT_VERSION, "1.106.12"])
def test_a_locked_version_names_versions_and_hashes(version: str) -> None:
    locked = Requirements.of(version)
    assert locked.locked
    lines = "\n".join(locked.lines).replace("\\\n", "").splitlines()
    assert [line for line in lines if not HASHED.fullmatch(line)] == []
    versions = dict(line.split()[0].split("==") for line in lines)
    assert {"litellm", "prisma", "opentelemetry-sdk", "openai"} <= versions.keys()
    assert versions["litellm"] == version


def test_another_version_or_date_is_resolved() -> None:
    other = Requirements.of("1.80.11")
    assert other.lines == ("litellm[proxy]==1.80.11", "prisma", "opentelemetry-sdk")
    assert not other.locked
    assert not Requirements.of(DEFAULT_VERSION, "2026-01-01").locked


def test_each_python_and_requirements_have_their_own_name() -> None:
    first = Requirements.of("1.80.11")
    names = {
        first.digest("cpython-311"),
        first.digest("cpython-312"),
        Requirements.of("1.80.12").digest("cpython-311"),
        Requirements.of("1.80.11", "2025-01-01").digest("cpython-311"),
    }
    assert len(names) == 4
    assert first.digest("cpython-311") == Requirements.of("1.80.11").digest("cpython-311")


def test_it_is_made_once_compiled_and_kept(uv: FakeUv, tmp_path: Path) -> None:
    first, second = ensure(), ensure()
    assert first == second
    assert first.path.parent == tmp_path / "cache" / "litellm"
    assert first.path.name.startswith(f"{DEFAULT_VERSION}-")
    assert first.litellm.exists()
    (call,) = uv.installs
    assert {"--compile-bytecode", "--no-deps", "--require-hashes"} <= set(call["arguments"])
    assert f"litellm=={DEFAULT_VERSION} \\" in call["requirements"]
    assert not first.relaxed


def test_what_was_left_half_made_is_made_again(uv: FakeUv) -> None:
    made = ensure()
    (made.path / "hopcheck-complete.json").unlink()
    (made.path / "half").touch()
    assert ensure() == made
    assert not (made.path / "half").exists()
    assert len(uv.installs) == 2


def test_one_whose_python_is_gone_is_made_again(uv: FakeUv) -> None:
    made = ensure()
    made.python.unlink()
    made.python.symlink_to("/nowhere/python")
    assert ensure().python.exists()
    assert len(uv.installs) == 2


def test_a_newer_python_than_ours_is_taken_where_uv_finds_one(uv: FakeUv, tmp_path: Path) -> None:
    ours = ensure()
    (newer := tmp_path / "python3.13").symlink_to(sys.executable)
    uv.says(">=3.12,<3.14", str(newer))
    assert ours.python.resolve() == Path(sys.executable).resolve()
    assert ensure() == ours, "the same Python by another name"
    (other := tmp_path / "other").touch()
    uv.says(">=3.12,<3.14", str(other))
    assert ensure().path != ours.path
    assert ensure().python.resolve() == other
    assert ensure().python_version == "3.99.1"


def test_the_python_that_is_asked_for_is_taken_or_missed(uv: FakeUv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPCHECK_LITELLM_PYTHON", "3.99")
    with pytest.raises(ProcessError, match=r"HOPCHECK_LITELLM_PYTHON is '3\.99', and uv finds no such Python"):
        ensure()
    uv.says("3.99", sys.executable)
    assert ensure().python.resolve() == Path(sys.executable).resolve()


def test_pyenv_s_shims_are_not_asked(uv: FakeUv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "pyenv"
    (root / "versions" / "3.12.1" / "bin").mkdir(parents=True)
    monkeypatch.setenv("PYENV_ROOT", str(root))
    monkeypatch.setenv("PATH", f"{root / 'shims'}:/usr/bin:/bin")
    ensure()
    (search,) = [call for call in uv.calls if call["arguments"][:2] == ["python", "find"]]
    assert search["path"] == f"/usr/bin:/bin:{root}/versions/3.12.1/bin"


def test_two_at_once_make_one(uv: FakeUv) -> None:
    progress: list[str] = []

    async def both() -> list[LiteLLMEnvironment]:
        return await asyncio.gather(*(LiteLLMEnvironment.ensure(progress=progress.append) for _ in range(2)))

    first, second = asyncio.run(both())
    assert first == second
    assert len(uv.installs) == 1
    assert "waiting for another hopcheck that is installing LiteLLM" in progress


def test_a_date_goes_to_uv(uv: FakeUv) -> None:
    ensure("1.60.8", exclude_newer="2025-02-10")
    (call,) = uv.installs
    assert call["arguments"][call["arguments"].index("--exclude-newer") + 1] == "2025-02-10"
    assert "--no-deps" not in call["arguments"]


def test_requirements_that_are_not_released_are_relaxed(uv: FakeUv) -> None:
    uv.says("fail-without-override", "x No solution found when resolving dependencies: certifi>=2026.10.19")
    made = ensure("1.109.1")
    assert made.relaxed
    assert uv.installs[-1]["overrides"] == list(RELAXED)
    assert ensure("1.109.1").relaxed
    assert len(uv.installs) == 2


def test_a_failed_installation_shows_why_and_leaves_nothing(uv: FakeUv, tmp_path: Path) -> None:
    uv.says("fail", "\n".join([*(f"line {n}" for n in range(50)), "error: disk full"]))
    with pytest.raises(ProcessError, match=r"(?s)installing LiteLLM 9\.9\.9.*ended with 1.*error: disk full") as caught:
        ensure("9.9.9")
    assert "line 3\n" not in str(caught.value)
    assert sorted(path.suffix for path in (tmp_path / "cache" / "litellm").iterdir()) == [".lock", ".log"]


def test_a_missing_version_fails_with_relaxed_requirements_too(uv: FakeUv) -> None:
    uv.says("fail", "No solution found: there is no version of litellm==9.9.9")
    with pytest.raises(ProcessError, match="there is no version of litellm"):
        ensure("9.9.9")
    assert len(uv.installs) == 2


def test_a_cache_that_cannot_be_written_is_one_clear_error(uv: FakeUv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPCHECK_CACHE", str(uv.program / "below-a-file"))
    with pytest.raises(ProcessError, match=r"no place to keep LiteLLM: .*HOPCHECK_CACHE can name another folder"):
        ensure()


@pytest.mark.parametrize("version", ["latest", "", "../1.0", "1.0; python_version > '3'", "1.106.2\n"])
def test_what_is_not_a_version_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="is not a version of LiteLLM; one looks like 1"):
        ensure(version)


def test_without_uv_it_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOPCHECK_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(ProcessError, match=r"pip install 'hopcheck\[server\]'"):
        ensure()


def test_uv_gets_pips_settings_and_none_of_this_python() -> None:
    shell = {"PATH": "/bin", "PIP_INDEX_URL": "file:///a", "PIP_EXTRA_INDEX_URL": "file:///b", "UV_INDEX": "file:///c"}
    python = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "/x", "VIRTUAL_ENV": "/venv", "CONDA_PREFIX": "/conda"}
    env = install.uv_environment({**shell, **python})
    assert env == {**shell, "UV_DEFAULT_INDEX": "file:///a", "UV_PYTHON_DOWNLOADS": "never"}


def test_compiling_is_not_defeated_by_the_user_s_shell(uv: FakeUv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    ensure()
    assert all("PYTHONDONTWRITEBYTECODE" not in call["environment"] for call in uv.calls)
