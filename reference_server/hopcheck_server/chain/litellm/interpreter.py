"""The Python for LiteLLM: 3.13 or 3.12, like in its own images, where the machine has one.

Python 3.11 and older collect garbage in the middle of `ContextVar.set`. A finalizer that sets a context variable then,
such as that of a stream whose client has disconnected, frees what is being read, and the process ends with a
segmentation fault (https://github.com/python/cpython/issues/148891). LiteLLM sometimes does that under a gate. From
3.12 on, garbage is collected at safe points.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from hopcheck_server.chain.litellm import install
from hopcheck_server.chain.processes import ProcessError

VARIABLE = "HOPCHECK_LITELLM_PYTHON"
"""The variable for LiteLLM's Python: a path, a command or a version."""

_PREFERRED = ">=3.12,<3.14"


async def interpreter() -> Path:
    """Return the Python for LiteLLM's environments: the requested one, else a preferred one, else our own.

    Raises:
        ProcessError: uv is missing, or doesn't find the requested one.
    """
    asked = os.environ.get(VARIABLE)
    found, message = await _find(asked or _PREFERRED)
    if found is None and asked:
        raise ProcessError(f"{VARIABLE} is {asked!r}, and uv finds no such Python:\n{message}")
    return _program(found or sys.executable)


async def _find(request: str) -> tuple[str | None, str]:
    """Return the Python that uv finds, and its error message."""
    env = install.uv_environment(os.environ)
    finding = await asyncio.create_subprocess_exec(
        *(install.find_uv(), "python", "find", "--no-project", request),
        env=env | {"PATH": _without_shims(env)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, message = await finding.communicate()
    return None if finding.returncode else printed.decode().strip(), message.decode().strip()


def _program(python: str) -> Path:
    """Resolve links of an environment."""
    return Path(python).resolve()


def _without_shims(env: Mapping[str, str]) -> str:
    """The search path, with pyenv's versions in place of its shims.

    uv ends its search at the first Python that fails, as a shim does for each version that isn't activated.
    """
    root = Path(env.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    folders = [folder for folder in env.get("PATH", os.defpath).split(os.pathsep) if Path(folder) != root / "shims"]
    return os.pathsep.join([*folders, *(str(path) for path in sorted(root.glob("versions/3.*/bin"), reverse=True))])
