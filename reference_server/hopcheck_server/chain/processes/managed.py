"""A child process: started, watched until it is ready, and stopped with everything that it started.

It ends with us in every case: at the end of the `async with`, after Ctrl-C, an exception, and also `kill -9`, because
the guardian in between (see `guardian.py`) stops it when the pipe from us closes.
"""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Self, TypeVar

Progress = Callable[[str], None]
"""Called about once a second with a line about what is being waited for."""

T = TypeVar("T")

_GUARDIAN = Path(__file__).with_name("guardian.py")
_TAIL_LINES = 20
_POLL_S = 0.02


class ProcessError(RuntimeError):
    """A process could not be started, ended too early or didn't become ready; the message holds its log's tail."""


def ending(code: int) -> str:
    """Return an exit code as the predicate of a sentence about a process."""
    return f"ended with {code}" if code >= 0 else f"was ended by signal {-code} ({signal.strsignal(-code)})"


class _Stopwatch:
    """Measures seconds since its creation, and reports each to a progress function."""

    def __init__(self, doing: str, progress: Progress | None) -> None:
        self._doing, self._progress = doing, progress
        self._began, self._reported = monotonic(), 0

    def elapsed(self) -> float:
        elapsed = monotonic() - self._began
        if self._progress and int(elapsed) > self._reported:
            self._reported = int(elapsed)
            self._progress(f"{self._doing} … {self._reported} s")
        return elapsed


class ManagedProcess:
    """A running child process, its log, and how it ended.

    Attributes:
        name: Its name in messages.
        pid: Its process id, which isn't the guardian's.
        log_file: The file with both its outputs, after those of earlier processes with the same log.
    """

    def __init__(self, name: str, log: tuple[Path, int], guardian: asyncio.subprocess.Process, grace_s: float) -> None:
        self.name = name
        self.pid = 0
        self.log_file, self._log_start = log
        self._guardian = guardian
        self._grace_s = grace_s
        self._end: asyncio.Task[int] | None = None

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        command: Sequence[str | Path],
        *,
        name: str,
        log_file: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        grace_s: float = 3.0,
    ) -> AsyncIterator[Self]:
        """Run a command while the context lasts.

        Args:
            command: Program and arguments.
            name: Its name in messages.
            log_file: The file to which its two outputs are appended.
            env: Its whole environment; ours if not given.
            cwd: Its working folder; ours if not given.
            grace_s: Seconds between SIGTERM and SIGKILL, for the whole process group.

        Raises:
            ProcessError: It could not be executed.
        """
        log = log_file, _size(log_file)
        guardian = await _spawn([str(part) for part in command], log_file, env, cwd, grace_s)
        process = cls(name, log, guardian, grace_s)
        try:
            await process._begin()
            yield process
        finally:
            await process.stop()

    @property
    def running(self) -> bool:
        """Whether it is still running."""
        return self._end is not None and not self._end.done()

    async def wait(self) -> int:
        """Wait for its end, and return its exit code; negative for a signal, as in subprocess."""
        assert self._end is not None
        return await asyncio.shield(self._end)

    async def ready(
        self, probe: Callable[[], Coroutine[Any, Any, T | None]], *, timeout_s: float, progress: Progress | None = None
    ) -> T:
        """Call `probe` until it returns a result, and return that.

        Args:
            probe: None means "not yet".
            timeout_s: Seconds after which to give up.
            progress: Called about once a second.

        Raises:
            ProcessError: The process ended, or the time was up.
        """
        watch = _Stopwatch(f"starting {self.name}", progress)
        while (result := await self._while_it_runs(probe())) is None:
            if await self._ends_within(_POLL_S):
                raise self.error(f"{ending(await self.wait())} before it was ready")
            if watch.elapsed() > timeout_s:
                raise self.error(f"was not ready after {timeout_s:g} s")
        return result

    async def finished(self, *, timeout_s: float, doing: str, progress: Progress | None = None) -> int:
        """Wait for a process that ends by itself, and return its exit code.

        Raises:
            ProcessError: It is still running after the time.
        """
        watch = _Stopwatch(doing, progress)
        while not await self._ends_within(0.25):
            if watch.elapsed() > timeout_s:
                raise self.error(f"was not done after {timeout_s:g} s")
        return await self.wait()

    async def logged(self, pattern: str) -> re.Match[str] | None:
        """Find a pattern in the log: a probe for `ready`."""
        return re.search(pattern, self.log_text())

    def log_text(self) -> str:
        """Return what it has printed so far."""
        with self.log_file.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def error(self, what: str) -> ProcessError:
        """Return an error with a predicate about the process and the log's last lines."""
        tail = "\n".join(f"    {line}" for line in self.log_text().splitlines()[-_TAIL_LINES:])
        return ProcessError(f"{self.name} {what}. Its log, {self.log_file}, ends with:\n{tail or '    (nothing)'}")

    async def stop(self) -> None:
        """End it and its process group: SIGTERM, the grace, SIGKILL.

        The guardian does the rest if we are cancelled after closing the lifeline.
        """
        assert self._guardian.stdin is not None
        self._guardian.stdin.close()
        try:
            async with asyncio.timeout(self._grace_s + 2):
                await (self.wait() if self._end else self._guardian.wait())
        except TimeoutError:
            self._kill_group()
            await self._guardian.wait()

    async def _begin(self) -> None:
        word, value = await self._status()
        if word != "pid":
            raise self.error(f"could not be started: {value or 'its guardian died'}")
        self.pid = int(value)
        self._end = asyncio.create_task(self._follow(), name=f"end of {self.name}")

    async def _follow(self) -> int:
        word, value = await self._status()
        guardian_code = await self._guardian.wait()
        self._kill_group()  # it is empty, unless the guardian itself was killed
        return int(value) if word == "exit" else guardian_code

    async def _status(self) -> tuple[str, str]:
        assert self._guardian.stdout is not None
        word, _, value = (await self._guardian.stdout.readline()).decode().strip().partition(" ")
        return word, value

    async def _while_it_runs(self, probing: Coroutine[Any, Any, T | None]) -> T | None:
        """Run a probe, and give up when the process ends."""
        assert self._end is not None
        asking = asyncio.create_task(probing)
        try:
            await asyncio.wait([asking, self._end], return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else None
        finally:
            asking.cancel()

    async def _ends_within(self, seconds: float) -> bool:
        assert self._end is not None
        done, _ = await asyncio.wait([self._end], timeout=seconds)
        return bool(done)

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._guardian.pid, signal.SIGKILL)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


async def _spawn(
    command: Sequence[str], log_file: Path, env: Mapping[str, str] | None, cwd: Path | None, grace_s: float
) -> asyncio.subprocess.Process:
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", str(_GUARDIAN), str(grace_s)),
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
