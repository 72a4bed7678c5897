"""LiteLLM's own Python environment: made once with uv, kept in the user's cache, shared by all runs of that version.

An environment can't be moved after it is made (its scripts hold absolute paths), so it is built in place: a lock keeps
two builders apart, and a marker, written last, shows that it is complete. Without the marker it is built again.
"""

import asyncio
import fcntl
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hopcheck_server.chain.litellm import install
from hopcheck_server.chain.litellm.interpreter import interpreter
from hopcheck_server.chain.litellm.requirements import DEFAULT_VERSION, Requirements
from hopcheck_server.chain.processes import ProcessError, Progress

_MARKER = "hopcheck-complete.json"
_LOCK_POLL_S = 0.2


def cache_dir() -> Path:
    """Return the folder of the environments: `$HOPCHECK_CACHE`, else `hopcheck` in the user's cache folder."""
    if own := os.environ.get("HOPCHECK_CACHE"):
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "hopcheck"


@dataclass(frozen=True)
class LiteLLMEnvironment:
    """An environment that holds one LiteLLM.

    Attributes:
        version: LiteLLM's.
        path: The virtual environment's folder.
        relaxed: Whether some of LiteLLM's own requirements had to be overridden to install it.
    """

    version: str
    path: Path
    relaxed: bool = False

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    @property
    def python_version(self) -> str:
        """That interpreter's version, as uv wrote it into the environment, or ""."""
        written = (self.path / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
        return next((line.partition(" = ")[2] for line in written if line.startswith("version_info = ")), "")

    @property
    def litellm(self) -> Path:
        """The `litellm` command."""
        return self.path / "bin" / "litellm"

    @classmethod
    async def ensure(
        cls, version: str = DEFAULT_VERSION, *, exclude_newer: str | None = None, progress: Progress | None = None
    ) -> "LiteLLMEnvironment":
        """Return the environment for a version, made first if it doesn't exist.

        Args:
            version: LiteLLM's version; for the default one the dependencies are locked.
            exclude_newer: An ISO date: exclude later releases. An old LiteLLM behaves as it did only with the
                dependencies of its day.
            progress: Called about once a second with a line about the state.

        Raises:
            ProcessError: uv is missing or failed, the folder can't be written, or the requested Python is missing.
            ValueError: That isn't a version.
        """
        wanted = Requirements.of(version, exclude_newer)
        python = await interpreter()
        path = cache_dir() / "litellm" / f"{version}-{wanted.digest(_identity(python))}"
        if found := cls._complete(version, path):
            return found
        async with _only_one(path.with_name(f"{path.name}.lock"), progress):
            return cls._complete(version, path) or await cls._make(wanted, python, path, progress)

    @classmethod
    def _complete(cls, version: str, path: Path) -> "LiteLLMEnvironment | None":
        try:
            marker = json.loads((path / _MARKER).read_text())
        except (OSError, ValueError):
            return None
        found = cls(version, path, relaxed=marker["relaxed"])
        # The interpreter is a link to the Python that made it, which may be gone by now.
        return found if found.python.exists() and found.litellm.exists() else None

    @classmethod
    async def _make(
        cls, wanted: Requirements, python: Path, path: Path, progress: Progress | None
    ) -> "LiteLLMEnvironment":
        shutil.rmtree(path, ignore_errors=True)
        try:
            relaxed = await install.install(wanted, python, path, progress)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
        (path / _MARKER).write_text(json.dumps({"version": wanted.version, "relaxed": relaxed}))
        return cls(wanted.version, path, relaxed)


def _identity(python: Path) -> str:
    return f"{sys.platform} {os.uname().machine} {python}"


@asynccontextmanager
async def _only_one(lock_file: Path, progress: Progress | None) -> AsyncIterator[None]:
    """Hold a lock between processes. The kernel releases it when its holder dies, so it is never stale."""
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        opened = lock_file.open("w")
    except OSError as error:
        raise ProcessError(f"no place to keep LiteLLM: {error}; HOPCHECK_CACHE can name another folder") from error
    with opened as lock:
        while not _locked(lock.fileno()):
            if progress:
                progress("waiting for another hopcheck that is installing LiteLLM")
            await asyncio.sleep(_LOCK_POLL_S)  # a blocking flock in a thread could not be cancelled by Ctrl-C
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
