"""The commands that make images: mmdebstrap for the base, pip for the wheels, buildah for the rest."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUITE = "bookworm"
SUITE_PYTHON = "3.11"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
PIP_CONFIGURATION = "[global]\nno-index = true\nfind-links = /wheels\ndisable-pip-version-check = true\n"


@dataclass(frozen=True)
class Workshop:
    """Where images are made.

    Attributes:
        folder: Holds base, wheels and buildah's storage; what is in it already is used again.
        sources: The build context.
    """

    folder: Path
    sources: Path

    def buildah(self, *words: str | Path) -> str:
        """Run buildah, and return its output. Raises CalledProcessError."""
        command = [*self.command, *map(str, words)]
        return subprocess.run(command, env=_environment(), check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    @property
    def command(self) -> list[str]:
        """Buildah with its storage in the folder."""
        return ["buildah", "--root", str(self.folder / "storage"), "--runroot", str(self.folder / "run")]

    def make_base(self, tag: str) -> None:
        """Make the image that the Dockerfiles begin with."""
        archive = self.folder / "base.tar"
        if not archive.exists():
            unfinished = self.folder / "unfinished.tar"
            _run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", SUITE, unfinished])
            unfinished.rename(archive)
        container = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", container, archive, "/")
        self.buildah("run", container, "--", "ln", "--symbolic", "/usr/bin/python3", "/usr/local/bin/python")
        self.buildah("config", "--env", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
        self.buildah("commit", "--quiet", "--rm", container, f"docker.io/library/{tag}")

    def fetch_wheels(self, extras: Sequence[str]) -> None:
        """Download what the images install, so that the builds need no network."""
        wheels, pinned = self.folder / "wheels", self.folder / "pinned.txt"
        chosen = [word for extra in extras for word in ("--extra", extra)]
        resolve = ["uv", "pip", "compile", "--quiet", "--python-version", SUITE_PYTHON, *chosen, "pyproject.toml"]
        _run([*resolve, "--constraint", "constraints-dev.txt", "--output-file", pinned], self.sources)
        # By uv, as an environment that uv has made, such as nox's, has no pip.
        pip = ["uv", "tool", "run", "--quiet", "pip", "download", "--quiet", "--only-binary=:all:"]
        where = ["--python-version", SUITE_PYTHON, "--dest", str(wheels)]
        _run([*pip, *where, "--no-deps", "--requirement", str(pinned)])
        _run([*pip, *where, "hatchling"])

    def build(self, dockerfile: str, tag: str) -> dict[str, Any]:
        """Build an image, and return what `buildah inspect` shows of it."""
        configuration = self.folder / "pip.conf"
        configuration.write_text(PIP_CONFIGURATION)
        # The format that keeps a health check.
        how = ["--pull-never", "--quiet", "--format", "docker", "--file", str(self.sources / dockerfile), "--tag", tag]
        for mount in (f"{self.folder / 'wheels'}:/wheels:ro", f"{configuration}:/etc/pip.conf:ro"):
            how += ["--volume", mount]
        self.buildah("bud", *how, self.sources)
        shown: dict[str, Any] = json.loads(self.buildah("inspect", "--type", "image", tag))
        return shown

    def size_mb(self, tag: str) -> float:
        """How large an image is, with its base."""
        size = self.buildah("images", "--format", "{{.Size}}", tag).split()
        return float(size[0]) * {"KB": 1e-3, "MB": 1.0, "GB": 1e3}[size[1]]


def _environment() -> dict[str, str]:
    return {**os.environ, "BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}


def _run(command: Sequence[str | Path], folder: Path | None = None) -> None:
    subprocess.run([str(word) for word in command], cwd=folder, check=True)
