"""The reference proxy as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

MODULE = [sys.executable, "-m", "hopcheck_server.proxy"]


def program(**variables: str) -> dict[str, str]:
    """The environment of a process with these settings alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LLM_PROXY__")}
    return {**kept, **{f"LLM_PROXY__{name}": value for name, value in variables.items()}}


@contextmanager
def proxy_process(*options: str, **variables: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start it on a free port; gives its address and the process, which is killed if the test leaves it running."""
    command = [*MODULE, "--port", "0", *options]
    with subprocess.Popen(
        command, env=program(**variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            yield child.stdout.readline().strip(), child
        finally:
            child.kill()
