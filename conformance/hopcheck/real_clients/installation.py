"""Finds the program of a client on this machine, or installs the version that hopcheck knows."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from hopcheck.real_clients.command_line_client import CommandLineClient
from hopcheck_server.chain.litellm.environment import cache_dir

INSTALL_LIMIT_S = 600.0


class InstallationFailed(Exception):
    """A client couldn't be installed; the text is a sentence."""


def folder_of(client: CommandLineClient) -> Path:
    """Where a client is installed."""
    return cache_dir() / "clients" / f"{client.name}-{client.version}"


def find_program(client: CommandLineClient) -> Path | None:
    """The client that hopcheck has installed, or else the one on the search path; None if there is none."""
    folder = folder_of(client)
    installed = next((folder / file for file in client.files if (folder / file).exists()), None)
    on_path = shutil.which(client.command)
    return installed or (Path(on_path) if on_path else None)


async def install(client: CommandLineClient) -> Path:
    """Install a client, unless that has been done.

    Raises:
        InstallationFailed: There is no installer, or it failed.
    """
    folder = folder_of(client)
    if not any((folder / file).exists() for file in client.files):
        folder.mkdir(parents=True, exist_ok=True)
        await _run(_installer(client, folder))
    found = next((folder / file for file in client.files if (folder / file).exists()), None)
    if found is None:
        raise InstallationFailed(f"{client.name} {client.version} has no program for this machine.")
    return found


def _installer(client: CommandLineClient, folder: Path) -> list[str]:
    """The command that installs it: npm's, or where that isn't installed pip's."""
    if npm := shutil.which("npm"):
        quiet = ["--no-audit", "--no-fund", "--silent"]
        return [npm, "install", "--prefix", str(folder), *quiet, f"{client.package}@{client.version}"]
    if client.wheel:
        return [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), client.wheel]
    raise InstallationFailed(f"{client.name} is installed by npm, which isn't there.")


async def _run(command: Sequence[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), INSTALL_LIMIT_S)
    except TimeoutError:
        process.kill()
        raise InstallationFailed(f"{command[0]} took more than {INSTALL_LIMIT_S:g} s.") from None
    if process.returncode:
        last = output.decode(errors="replace").strip().splitlines()[-1:] or ["it printed nothing"]
        raise InstallationFailed(f"{command[0]} failed: {last[0]}")
