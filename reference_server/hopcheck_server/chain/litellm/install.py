"""Makes LiteLLM's environment with uv."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hopcheck_server.chain.litellm.requirements import RELAXED, Requirements
from hopcheck_server.chain.processes import ManagedProcess, ProcessError, Progress, ending

_INSTALL_TIMEOUT_S = 1800.0

_HINT = "(uv reads its own settings, such as UV_DEFAULT_INDEX, and pip's environment variables; not pip's files.)"

# Settings of pip for package indexes hold for uv as well.
_UV_FROM_PIP = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "UV_FIND_LINKS": "PIP_FIND_LINKS",
    "SSL_CERT_FILE": "PIP_CERT",
}


class UvFailed(ProcessError):
    """uv ended with an error; the message holds its last lines.

    Attributes:
        unsolvable: Whether it found no set of versions that meets the requirements.
    """

    def __init__(self, message: str, *, unsolvable: bool) -> None:
        super().__init__(message)
        self.unsolvable = unsolvable


async def install(wanted: Requirements, python: Path, path: Path, progress: Progress | None = None) -> bool:
    """Make a virtual environment of a Python at `path`, with the requirements in it, compiled, and a log next to it.

    Returns:
        Whether LiteLLM's own requirements had to be relaxed.

    Raises:
        ProcessError: uv is missing or failed.
    """
    run = _Uv(f"installing LiteLLM {wanted.version}, which happens once", path.with_name(f"{path.name}.log"), progress)
    await run("venv", "--quiet", "--python", python, path)
    with tempfile.TemporaryDirectory(prefix="hopcheck-") as folder:
        try:
            await run(*_install_command(wanted, path, Path(folder)))
        except UvFailed as failure:
            if wanted.locked or not failure.unsolvable:
                raise
            await run(*_install_command(wanted, path, Path(folder), RELAXED))
            return True
    return False


def _install_command(wanted: Requirements, path: Path, work: Path, overrides: Sequence[str] = ()) -> list[str | Path]:
    # Compiled, because otherwise the first start compiles, and takes two to four times as long.
    command: list[str | Path] = ["pip", "install", "--python", path / "bin" / "python", "--compile-bytecode"]
    command += ["--requirement", _written(work / "requirements.txt", wanted.lines)]
    if wanted.locked:
        command += ["--no-deps", "--require-hashes"]
    if wanted.exclude_newer:
        command += ["--exclude-newer", wanted.exclude_newer]
    if overrides:
        command += ["--override", _written(work / "overrides.txt", overrides)]
    return command


@dataclass(frozen=True)
class _Uv:
    """Runs uv to its end, as a managed process, so that it doesn't outlive us."""

    doing: str
    log_file: Path
    progress: Progress | None

    async def __call__(self, *arguments: str | Path) -> None:
        self.log_file.unlink(missing_ok=True)
        command, env = [find_uv(), "--no-progress", *arguments], uv_environment(os.environ)
        async with ManagedProcess.start(command, name="uv", log_file=self.log_file, env=env) as uv:
            code = await uv.finished(timeout_s=_INSTALL_TIMEOUT_S, doing=self.doing, progress=self.progress)
            if code:
                message = f"{self.doing}: {uv.error(ending(code))}\n{_HINT}"
                raise UvFailed(message, unsolvable="No solution found" in uv.log_text())


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
    """Return the environment for uv: ours, with pip's settings where uv's own aren't set, without this Python's.

    `PYTHONDONTWRITEBYTECODE` would prevent compiling, `VIRTUAL_ENV` and others would direct it to another environment.
    """
    env = {name: value for name, value in source.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "CONDA"))}
    env.update({uv: source[pip] for uv, pip in _UV_FROM_PIP.items() if pip in source and uv not in source})
    return env | {"UV_PYTHON_DOWNLOADS": "never"}


def _written(file: Path, lines: Sequence[str]) -> Path:
    file.write_text("\n".join([*lines, ""]))
    return file
