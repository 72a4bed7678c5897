"""Makes an environment with uv."""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from hopcheck_server.litellm.requirements import RELAXED, Requirements
from hopcheck_server.processes import ManagedProcess, ProcessError, Progress

_INSTALL_TIMEOUT_S = 1800.0

# Whoever has told pip where packages come from should not have to say it again for uv.
_UV_FROM_PIP = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "UV_FIND_LINKS": "PIP_FIND_LINKS",
    "SSL_CERT_FILE": "PIP_CERT",
}


class UvFailed(ProcessError):
    """uv ran and ended with an error; the message holds its last lines."""


async def install(wanted: Requirements, path: Path, progress: Progress | None = None) -> bool:
    """Make a virtual environment at `path` with the requirements in it, compiled.

    Returns:
        Whether LiteLLM's own requirements had to be relaxed.

    Raises:
        ProcessError: uv isn't there or failed.
    """
    doing = f"installing LiteLLM {wanted.version}, which happens once"
    with tempfile.TemporaryDirectory(prefix="hopcheck-uv-") as folder:
        work = Path(folder)
        await _uv(["venv", "--quiet", "--python", sys.executable, path], work, doing, progress)
        try:
            await _uv(_install_command(wanted, path, work), work, doing, progress)
        except UvFailed as failure:
            if wanted.locked or "No solution found" not in str(failure):
                raise
            await _uv(_install_command(wanted, path, work, RELAXED), work, f"{doing}, with relaxed pins", progress)
            return True
    return False


def _install_command(wanted: Requirements, path: Path, work: Path, overrides: Sequence[str] = ()) -> list[str | Path]:
    # Compiled, because uv leaves that to the first start, which then takes two to four times as long.
    command: list[str | Path] = ["pip", "install", "--python", path / "bin" / "python", "--compile-bytecode"]
    command += ["--requirement", _written(work / "requirements.txt", wanted.lines)]
    if wanted.locked:
        command += ["--no-deps"]
    if wanted.exclude_newer:
        command += ["--exclude-newer", wanted.exclude_newer]
    if overrides:
        command += ["--override", _written(work / "overrides.txt", overrides)]
    return command


async def _uv(arguments: Sequence[str | Path], work: Path, doing: str, progress: Progress | None) -> None:
    """Run uv to its end. As a managed process, so that it doesn't go on when we are killed."""
    command = [find_uv(), "--no-progress", *arguments]
    log_file = work / "uv.log"
    log_file.unlink(missing_ok=True)
    async with ManagedProcess.start(command, name="uv", log_file=log_file, env=uv_environment(os.environ)) as uv:
        if code := await uv.finished(timeout_s=_INSTALL_TIMEOUT_S, doing=doing, progress=progress):
            hint = "uv reads its own settings (UV_DEFAULT_INDEX, UV_INDEX), not pip's configuration file"
            raise UvFailed(f"{doing}: {uv.error(f'ended with {code}')}\n{hint}.")


def find_uv() -> str:
    """Return the path of uv's program.

    Raises:
        ProcessError: It isn't installed.
    """
    try:
        import uv

        return uv.find_uv_bin()
    except (ImportError, FileNotFoundError) as error:
        raise ProcessError("running LiteLLM needs uv: pip install 'hopcheck[server]'") from error


def uv_environment(source: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for uv: ours, with pip's settings where uv's own aren't set, and nothing of this Python's.

    `PYTHONDONTWRITEBYTECODE` would undo the compiling, `VIRTUAL_ENV` and the like would aim it at another environment.
    """
    env = {name: value for name, value in source.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "CONDA"))}
    env.update({uv: source[pip] for uv, pip in _UV_FROM_PIP.items() if pip in source and uv not in source})
    return env | {"UV_PYTHON_DOWNLOADS": "never"}


def _written(file: Path, lines: Sequence[str]) -> Path:
    file.write_text("\n".join([*lines, ""]))
    return file
