"""How gateways are had: programs of the system, and packages in environments of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.gateways.place import CONFIGS

SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


class NotInstalled(RuntimeError):
    """The gateway can't be had here; the message says what to install."""


def cache() -> Path:
    """Where installed gateways are kept."""
    return Path(os.environ.get("HOPCHECK_CACHE", Path.home() / ".cache" / "hopcheck")) / "gateways"


def system_program(name: str, package: str) -> str:
    """A program of the system.

    Raises:
        NotInstalled: It isn't there.
    """
    found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        raise NotInstalled(f"{name} isn't installed here: apt-get install {package}")
    return found


def python_environment(name: str, requirement: str) -> Path:
    """An environment of its own with one requirement installed; returns its folder."""
    folder = cache() / name
    marker = folder / "installed.txt"
    if not marker.exists() or marker.read_text() != requirement:
        run([sys.executable, "-m", "uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
        python = folder / "bin" / "python"
        run([sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python), requirement])
        marker.write_text(requirement)
    return folder


def node_package(name: str, manifest: str) -> Path:
    """A folder with a package.json's packages installed."""
    system_program("npm", "npm")
    folder = cache() / name
    text = (CONFIGS / manifest).read_text(encoding="utf-8")
    marker = folder / "installed.json"
    if not marker.exists() or marker.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(text, encoding="utf-8")
        run(["npm", "install", "--silent", "--prefix", str(folder)])
        marker.write_text(text)
    return folder


def run(command: Sequence[str]) -> None:
    """Run an installation step.

    Raises:
        NotInstalled: It failed.
    """
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        output = getattr(error, "stderr", "") or str(error)
        raise NotInstalled(f"{' '.join(command[:6])} … failed: {output.strip().splitlines()[-1:]}") from error
