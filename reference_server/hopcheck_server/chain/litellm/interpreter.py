"""Which Python LiteLLM gets: 3.13 or 3.12, like its own images, where the machine has one.

Python 3.11 and older collect garbage in the middle of `ContextVar.set`. A finalizer that sets a context variable then,
such as that of a stream whose client has hung up, frees what is being read, and the process ends with a segmentation
fault (https://github.com/python/cpython/issues/148891). LiteLLM does that now and then under a gate. From 3.12 on,
garbage waits for a safe point.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from hopcheck_server.chain.litellm import install
from hopcheck_server.chain.processes import ProcessError

VARIABLE = "HOPCHECK_LITELLM_PYTHON"
"""Names LiteLLM's Python: a path, a command or a version."""

_PREFERRED = ">=3.12,<3.14"


async def interpreter() -> Path:
    """Return the Python for LiteLLM's environments: the one that is asked for, else a preferred one, else our own.

    Raises:
        ProcessError: uv isn't there, or doesn't find what is asked for.
    """
    asked = os.environ.get(VARIABLE)
    found, said = await _find(asked or _PREFERRED)
    if found is None and asked:
        raise ProcessError(f"{VARIABLE} is {asked!r}, and uv finds no such Python:\n{said}")
    return _program(found or sys.executable)


async def _find(request: str) -> tuple[str | None, str]:
    """What uv finds, and what it says when it finds nothing."""
    env = install.uv_environment(os.environ)
    finding = await asyncio.create_subprocess_exec(
        *(install.find_uv(), "python", "find", "--no-project", request),
        env=env | {"PATH": _without_shims(env)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, said = await finding.communicate()
    return None if finding.returncode else printed.decode().strip(), said.decode().strip()


def _program(python: str) -> Path:
    """What a name in an environment stands for."""
    return Path(python).resolve()


def _without_shims(env: Mapping[str, str]) -> str:
    """The search path, with pyenv's versions in place of its shims.

    uv ends its search at the first Python that fails, and a shim does for each version that isn't switched on.
    """
    root = Path(env.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    folders = [folder for folder in env.get("PATH", os.defpath).split(os.pathsep) if Path(folder) != root / "shims"]
    return os.pathsep.join([*folders, *(str(path) for path in sorted(root.glob("versions/3.*/bin"), reverse=True))])
