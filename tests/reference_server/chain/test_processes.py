"""A child process is started, watched, and taken down with everything that it started, whatever happens to us."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hopcheck_server.chain.processes import ManagedProcess, ProcessError, free_port, http_status, scrubbed_environment

pytestmark = pytest.mark.commands

HERE = Path(__file__).parent
CLINGING = [sys.executable, str(HERE / "clinging_server.py")]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def connections(log: str) -> list[socket.socket]:
    return [socket.create_connection(("127.0.0.1", int(port)), timeout=30) for port in re.findall(r":(\d+)/v1", log)]


def all_closed(held: list[socket.socket]) -> bool:
    """Wait for the other ends to go: an event, unlike a pid that may be a zombie or somebody else's by now."""
    ends = []
    for connection in held:
        with connection:
            try:
                ends.append(connection.recv(1) == b"")
            except ConnectionResetError:
                ends.append(True)
    return all(ends)


def test_logs_both_outputs_and_tells_the_exit_code(tmp_path: Path) -> None:
    async def run() -> tuple[int, str]:
        code = "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(7)"
        async with ManagedProcess.start(python(code), name="it", log_file=tmp_path / "logs" / "it.log") as process:
            return await process.wait(), process.log_text()

    assert asyncio.run(run()) == (7, "out\nerr\n")


def test_a_log_is_appended_to_and_only_the_new_part_is_read(tmp_path: Path) -> None:
    async def run(word: str) -> str:
        async with ManagedProcess.start(python(f"print({word!r})"), name="it", log_file=tmp_path / "it.log") as process:
            await process.wait()
            return process.log_text()

    assert [asyncio.run(run("one")), asyncio.run(run("two"))] == ["one\n", "two\n"]
    assert (tmp_path / "it.log").read_text() == "one\ntwo\n"


def test_environment_and_folder_are_those_it_is_given(tmp_path: Path) -> None:
    async def run() -> str:
        code = "import os; print(sorted(n for n in os.environ if n != 'LC_CTYPE'), os.getcwd())"
        env = {"ONLY": "this"}
        async with ManagedProcess.start(
            python(code), name="it", log_file=tmp_path / "it.log", env=env, cwd=tmp_path
        ) as process:
            await process.wait()
            return process.log_text()

    assert asyncio.run(run()) == f"['ONLY'] {tmp_path.resolve()}\n"


def test_its_pid_is_the_command_s_own(tmp_path: Path) -> None:
    async def run() -> tuple[int, str]:
        async with ManagedProcess.start(
            python("import os; print(os.getpid())"), name="it", log_file=tmp_path / "it.log"
        ) as process:
            await process.wait()
            return process.pid, process.log_text()

    pid, printed = asyncio.run(run())
    assert str(pid) == printed.strip()


def test_a_command_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    async def run() -> None:
        async with ManagedProcess.start([tmp_path / "nothing"], name="it", log_file=tmp_path / "it.log"):
            raise AssertionError("never gets here")

    with pytest.raises(ProcessError, match=r"it could not be started: .*No such file"):
        asyncio.run(run())


def test_ready_gives_what_the_probe_found(tmp_path: Path) -> None:
    async def run() -> str:
        async with ManagedProcess.start(CLINGING, name="it", log_file=tmp_path / "it.log", grace_s=0) as process:
            return (await process.ready(lambda: process.logged(r"on (\S+)\n"), timeout_s=30)).group(1)

    assert asyncio.run(run()).startswith("http://127.0.0.1:")


def test_one_that_ends_instead_shows_the_end_of_its_log(tmp_path: Path) -> None:
    async def run() -> None:
        code = "import sys; [print('line', n) for n in range(100)]; sys.exit('no such setting')"
        async with ManagedProcess.start(python(code), name="it", log_file=tmp_path / "it.log") as process:
            await process.ready(lambda: process.logged("never"), timeout_s=30)

    with pytest.raises(ProcessError) as caught:
        asyncio.run(run())
    message = str(caught.value)
    assert "it ended with 1 before it was ready" in message
    assert message.endswith("no such setting")
    assert "line 99" in message
    assert "line 50" not in message


def test_one_that_stays_silent_is_given_up(tmp_path: Path) -> None:
    async def run() -> None:
        async with ManagedProcess.start(CLINGING, name="it", log_file=tmp_path / "it.log", grace_s=0) as process:
            await process.ready(lambda: process.logged("never"), timeout_s=0.1)

    with pytest.raises(ProcessError, match=r"it was not ready after 0\.1 s"):
        asyncio.run(run())


def test_progress_counts_the_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.4, 1.2, 1.4, 2.1, 3.0])
    monkeypatch.setattr("hopcheck_server.chain.processes.managed.monotonic", lambda: next(clock))
    progress: list[str] = []
    answers = iter([None, None, None, None, "there"])

    async def probe() -> str | None:
        return next(answers)

    async def run() -> str:
        async with ManagedProcess.start(CLINGING, name="it", log_file=tmp_path / "it.log", grace_s=0) as process:
            return await process.ready(probe, timeout_s=30, progress=progress.append)

    assert asyncio.run(run()) == "there"
    assert progress == ["starting it … 1 s", "starting it … 2 s"]


def test_stop_takes_children_that_ignore_sigterm_too(tmp_path: Path) -> None:
    async def run() -> tuple[list[socket.socket], int]:
        command = [*CLINGING, "family"]
        async with ManagedProcess.start(command, name="it", log_file=tmp_path / "it.log", grace_s=0.1) as process:
            await process.ready(lambda: process.logged(r"(?s)http.*http.*\n"), timeout_s=30)
            held = connections(process.log_text())
        return held, await process.wait()

    held, code = asyncio.run(run())
    assert len(held) == 2
    assert all_closed(held)
    assert code == -signal.SIGKILL


def test_one_that_obeys_sigterm_is_not_killed(tmp_path: Path) -> None:
    async def run() -> int:
        code = "import signal, sys; signal.signal(15, lambda *_: sys.exit(5)); print('up', flush=True); signal.pause()"
        async with ManagedProcess.start(python(code), name="it", log_file=tmp_path / "it.log", grace_s=30) as process:
            await process.ready(lambda: process.logged("up"), timeout_s=30)
        return await process.wait()

    assert asyncio.run(run()) == 5


def test_what_a_process_leaves_behind_when_it_ends_is_taken_down(tmp_path: Path) -> None:
    async def run() -> list[socket.socket]:
        go = tmp_path / "go"
        code = f"""
import pathlib, subprocess, time
subprocess.Popen({CLINGING})
while not pathlib.Path({str(go)!r}).exists():
    time.sleep(0.01)
"""
        async with ManagedProcess.start(python(code), name="it", log_file=tmp_path / "it.log") as process:
            await process.ready(lambda: process.logged(r"http.*\n"), timeout_s=30)
            held = connections(process.log_text())
            go.touch()
            await process.wait()
            return held

    assert all_closed(asyncio.run(run()))


def test_an_exception_of_ours_takes_it_down(tmp_path: Path) -> None:
    held: list[socket.socket] = []

    async def run() -> None:
        async with ManagedProcess.start(CLINGING, name="it", log_file=tmp_path / "it.log", grace_s=0) as process:
            await process.ready(lambda: process.logged(r"http.*\n"), timeout_s=30)
            held.extend(connections(process.log_text()))
            raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        asyncio.run(run())
    assert all_closed(held)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_the_end_of_the_parent_takes_it_down(tmp_path: Path, number: signal.Signals) -> None:
    log_file = tmp_path / "it.log"
    command = [sys.executable, str(HERE / "kept_by_parent.py"), str(log_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        held = connections(log_file.read_text())
        parent.send_signal(number)
    assert len(held) == 2
    assert all_closed(held)


def test_the_end_of_its_guardian_takes_it_down(tmp_path: Path) -> None:
    async def run() -> tuple[list[socket.socket], int]:
        async with ManagedProcess.start(CLINGING, name="it", log_file=tmp_path / "it.log") as process:
            await process.ready(lambda: process.logged(r"http.*\n"), timeout_s=30)
            held = connections(process.log_text())
            os.kill(process._guardian.pid, signal.SIGKILL)
            return held, await process.wait()

    held, code = asyncio.run(run())
    assert all_closed(held)
    assert code == -signal.SIGKILL


def test_environment_is_scrubbed() -> None:
    shell = {"PATH": "/bin", "LC_ALL": "C", "OPENAI_API_KEY": "sk-real", "HTTPS_PROXY": "http://there", "HOME": "/h"}
    assert scrubbed_environment({"HOME": "/mine"}, source=shell) == {"PATH": "/bin", "LC_ALL": "C", "HOME": "/mine"}


def test_status_of_what_answers_and_of_what_does_not() -> None:
    async def serve_once(answer: bytes) -> int | None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        async with server:
            return await http_status(server.sockets[0].getsockname()[1], "/")

    assert asyncio.run(serve_once(b"HTTP/1.1 204 No Content\r\n\r\n")) == 204
    assert asyncio.run(serve_once(b"SSH-2.0\r\n")) is None
    assert asyncio.run(serve_once(b"")) is None
    assert asyncio.run(http_status(free_port(), "/")) is None
