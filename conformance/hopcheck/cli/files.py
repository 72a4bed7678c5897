"""Files that a command was asked to write."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hopcheck.cli.exits import HOPCHECK_FAILED, USAGE, Stop
from hopcheck_server.private_files import write_whole


def require_folders(files: Iterable[Path]) -> None:
    """See, before anything is done, that there are folders for files.

    Raises:
        Stop: There is one that isn't there.
    """
    for path in files:
        if not path.absolute().parent.is_dir():
            raise Stop(USAGE, f"{path} can't be written: there is no folder {path.parent}.")


def write(path: Path, text: str) -> None:
    """Write a file, the whole of it or nothing.

    Raises:
        Stop: It can't be written.
    """
    try:
        write_whole(path, text)
    except OSError as error:
        raise Stop(HOPCHECK_FAILED, f"{path} can't be written: {error.strerror or error}.") from error
