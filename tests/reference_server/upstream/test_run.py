"""The upstream as a process of its own."""

from __future__ import annotations

import asyncio
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from hopcheck_server.upstream.control.client import RemoteControl, probe
from hopcheck_server.upstream.run import DESCRIPTORS
from hopcheck_server.upstream.script import reply, transfer

pytestmark = pytest.mark.commands

COMMAND = [sys.executable, "-m", "hopcheck_server.upstream"]


@contextmanager
def started(*arguments):
    """Start it, and wait for its line; gives the process and the URL."""
    with subprocess.Popen([*COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("hopcheck upstream on http://127.0.0.1:")
            yield process, line.split()[-1]
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_has_room_for_connections_from_the_start():
    with started() as (process, _):
        status = Path(f"/proc/{process.pid}/status").read_text()
        held = {int(entry.name) for entry in Path(f"/proc/{process.pid}/fd").iterdir()}
    room = min(DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    assert int(status.partition("FDSize:")[2].split()[0]) >= room
    assert room - 1 not in held


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signals_end_it_also_while_an_answer_hangs(wire, tmp_path, number, code):
    scripts = tmp_path / "scripts.json"
    scripts.write_bytes(transfer.dump({"a.b": reply.script_of(reply.hang())}))

    async def ask(url, process):
        control = RemoteControl(url)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(wire.request(wire.marked()))
        attempts = await control.wait("hopcheck:a.b~~chat:1", ended=False, timeout_s=20)
        process.send_signal(number)
        assert await reader.read() == b""
        writer.close()
        await control.aclose()
        return attempts

    with started("--scripts", scripts) as (process, url):
        attempts = asyncio.run(ask(url, process))
        assert process.wait(20) == code
    assert [attempt.ended for attempt in attempts] == [""]


def test_a_held_port_ends_it_with_one_line():
    with started() as (_, url):
        port = url.rpartition(":")[2]
        assert asyncio.run(probe(int(port))) == "ours"
        second = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, check=False)
    assert (second.returncode, second.stdout) == (3, "")
    assert second.stderr == f"hopcheck upstream: port {port} of 127.0.0.1 is in use\n"


@pytest.mark.parametrize("text", [None, "nonsense", '{"a.b": 1}'])
def test_a_file_that_is_no_scripts_ends_it_with_2(tmp_path, text):
    file = tmp_path / "scripts.json"
    if text is not None:
        file.write_text(text)
    ended = subprocess.run([*COMMAND, "--scripts", str(file)], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert str(file) in ended.stderr
    assert "Traceback" not in ended.stderr
