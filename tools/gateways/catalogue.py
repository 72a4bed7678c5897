"""The gateways: how each is installed, started, and described to the gate."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

CONFIGS = Path(str(files("tools.gateways"))) / "configs"
TARGETS = Path(str(files("tools.gateways"))) / "targets"
TEST_CONFIG = Path(__file__).parents[2] / "litellm_config.test.yaml"
LITELLM_VERSION = "1.106.2"
ENFORCES_LIMITS = "  optional_pre_call_checks: [enforce_model_rate_limits]\n"

CLIENT_KEY = "sk-gateway-client-7f3a91"
"""What clients show; some configurations hold it."""

SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


class NotInstalled(RuntimeError):
    """The gateway can't be had here; the message says what to install."""


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


def _nginx(place: Place) -> Sequence[str]:
    program = system_program("nginx", "nginx-light")
    return [program, "-p", str(place.folder), "-e", "stderr", "-c", place.configured(CONFIGS / "nginx.conf")]


def _haproxy(place: Place) -> Sequence[str]:
    return [system_program("haproxy", "haproxy"), "-f", place.configured(CONFIGS / "haproxy.cfg")]


def _envoy(place: Place) -> Sequence[str]:
    # The binary itself: the package's wrapper ends with the shell that started it.
    (program,) = python_environment("envoy", "pyvoy").glob("lib/python*/site-packages/envoy/_bin/envoy")
    return [str(program), "-c", place.configured(CONFIGS / "envoy.yaml"), "--concurrency", "1", "--log-level", "error"]


def _vllm_router(place: Place) -> Sequence[str]:
    program = python_environment("vllm-router", "vllm-router==0.1.17") / "bin" / "vllm-router"
    worker = f"http://127.0.0.1:{place.upstream_port}"
    listen = ["--host", "127.0.0.1", "--port", str(place.port)]
    plain = ["--policy", "round_robin", "--disable-retries", "--disable-circuit-breaker"]
    return [str(program), *listen, "--worker-urls", worker, *plain]


def _mlflow(place: Place) -> Sequence[str]:
    program = python_environment("mlflow", "mlflow[genai]==3.17.*") / "bin" / "mlflow"
    listen = ["--port", str(place.port), "--workers", "1"]
    return [str(program), "gateway", "start", "--config-path", place.configured(CONFIGS / "mlflow.yaml"), *listen]


def _portkey(place: Place) -> Sequence[str]:
    folder = node_package("portkey", "portkey.json") / "node_modules" / "@portkey-ai" / "gateway" / "build"
    return [system_program("node", "nodejs"), str(folder / "start-server.js"), "--headless", f"--port={place.port}"]


def _litellm(place: Place, config: Path = CONFIGS / "litellm-plain.yaml") -> Sequence[str]:
    # As users do, LiteLLM is given its own environment; `hopcheck stack` makes it.
    found = sorted(cache().parent.glob(f"litellm/{LITELLM_VERSION}-*/bin/litellm"))
    if not found:
        raise NotInstalled(f"LiteLLM {LITELLM_VERSION} isn't installed: run `hopcheck stack --no-proxy` once")
    provider = f"http://127.0.0.1:{place.upstream_port}/v1"
    settings = {"HOPCHECK_UPSTREAM_URL": provider, "HOPCHECK_UPSTREAM_KEY": "sk-provider-litellm",
                "HOPCHECK_BACKUP_KEY": "sk-provider-backup", "LITELLM_MASTER_KEY": CLIENT_KEY,
                "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False",
                "LITELLM_MODE": "PRODUCTION"}  # fmt: skip
    words = [f"{name}={value}" for name, value in settings.items()]
    listen = ["--host", "127.0.0.1", "--port", str(place.port)]
    return ["env", *words, str(found[-1]), "--config", place.configured(config), *listen]


def _litellm_test(place: Place) -> Sequence[str]:
    return _litellm(place, TEST_CONFIG)


def _litellm_unenforced(place: Place) -> Sequence[str]:
    """LiteLLM with a limit that it doesn't enforce: without the check, `rpm` only helps to choose a deployment."""
    text = TEST_CONFIG.read_text(encoding="utf-8")
    for before, after in (("rpm: 3", "rpm: 60"), (ENFORCES_LIMITS, "")):
        if before not in text:
            raise ValueError(f"{TEST_CONFIG.name} has no {before.strip()!r} any more")
        text = text.replace(before, after)
    config = place.folder / "litellm-unenforced.yaml"
    config.write_text(text, encoding="utf-8")
    return _litellm(place, config)


GATEWAYS = {
    gateway.name: gateway
    for gateway in (
        Gateway("nginx", _nginx),
        Gateway("envoy", _envoy),
        Gateway("haproxy", _haproxy),
        Gateway("vllm-router", _vllm_router),
        Gateway("portkey", _portkey, start_s=60.0),
        Gateway("mlflow", _mlflow, start_s=120.0),
        Gateway("litellm", _litellm_test, ready_path="/health/liveliness", start_s=180.0),
        Gateway("litellm-unenforced", _litellm_unenforced, ready_path="/health/liveliness", start_s=180.0),
        Gateway("litellm-plain", _litellm, ready_path="/health/liveliness", start_s=180.0),
    )
}
"""By name; LiteLLM with hopcheck's configuration for tests, with the same and a limit that isn't enforced, and with a
plain one. `hopcheck demo` has the reference."""
