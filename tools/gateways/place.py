"""A gateway, and where it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

CONFIGS = Path(str(files("tools.gateways"))) / "configs"
TARGETS = Path(str(files("tools.gateways"))) / "targets"


@dataclass(frozen=True)
class Place:
    """Where one gateway runs: its working folder, its port, and the port of the scripted provider."""

    folder: Path
    port: int
    upstream_port: int

    def configured(self, source: Path) -> str:
        """Write a configuration or target file with this place filled in; returns its path."""
        text = source.read_text(encoding="utf-8")
        for word, value in (("FOLDER", self.folder), ("PORT", self.port), ("UPSTREAM", self.upstream_port)):
            text = text.replace(f"@{word}@", str(value))
        path = self.folder / source.name
        path.write_text(text, encoding="utf-8")
        return str(path)


@dataclass(frozen=True)
class Gateway:
    """A gateway under test.

    Attributes:
        name: Also the stem of its target file.
        command: The command line that starts it; installs it first where that can be done.
        ready_path: What answers with any status when it is up.
        start_s: How long it may take to start.
    """

    name: str
    command: Callable[[Place], Sequence[str]]
    ready_path: str = "/v1/models"
    start_s: float = 30.0

    @property
    def target_file(self) -> Path:
        """What it declares."""
        return TARGETS / f"{self.name}.toml"
