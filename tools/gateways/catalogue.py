"""The gateways: how each is started, and described to the gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hopcheck_server.chain.processes import free_port
from tools.gateways.byte_proxies import BYTE_PROXIES
from tools.gateways.installation import NotInstalled, cache, node_package, python_environment, system_program
from tools.gateways.place import CONFIGS, Gateway, Place

TEST_CONFIG = Path(__file__).parents[2] / "litellm_config.test.yaml"
LITELLM_VERSION = "1.106.2"
ENFORCES_LIMITS = "  optional_pre_call_checks: [enforce_model_rate_limits]\n"

CLIENT_KEY = "sk-gateway-client-7f3a91"
"""What clients show; some configurations hold it."""


def _vllm_router(place: Place) -> Sequence[str]:
    program = python_environment("vllm-router", "vllm-router==0.1.17") / "bin" / "vllm-router"
    worker = f"http://127.0.0.1:{place.upstream_port}"
    listen = ["--host", "127.0.0.1", "--port", str(place.port)]
    plain = ["--policy", "round_robin", "--disable-retries", "--disable-circuit-breaker"]
    return [str(program), *listen, "--worker-urls", worker, *plain]


def _sglang_router(place: Place) -> Sequence[str]:
    python = python_environment("sglang-router", "sglang-router==0.3.2") / "bin" / "python"
    worker = f"http://127.0.0.1:{place.upstream_port}"
    listen = ["--host", "127.0.0.1", "--port", str(place.port), "--prometheus-port", str(free_port())]
    plain = ["--policy", "round_robin", "--disable-retries", "--disable-circuit-breaker"]
    return [str(python), "-m", "sglang_router.launch_router", *listen, "--worker-urls", worker, *plain]


def _lm_proxy(place: Place) -> Sequence[str]:
    program = python_environment("lm-proxy", "lm-proxy==3.3.2") / "bin" / "lm-proxy"
    return [str(program), "--config", place.configured(CONFIGS / "lm-proxy.toml")]


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
        *BYTE_PROXIES,
        Gateway("vllm-router", _vllm_router),
        Gateway("sglang-router", _sglang_router, ready_path="/health", start_s=60.0),
        Gateway("lm-proxy", _lm_proxy),
        Gateway("portkey", _portkey, start_s=60.0),
        Gateway("mlflow", _mlflow, start_s=120.0),
        Gateway("litellm", _litellm_test, ready_path="/health/liveliness", start_s=180.0),
        Gateway("litellm-unenforced", _litellm_unenforced, ready_path="/health/liveliness", start_s=180.0),
        Gateway("litellm-plain", _litellm, ready_path="/health/liveliness", start_s=180.0),
    )
}
"""By name; LiteLLM with hopcheck's configuration for tests, with the same and a limit that isn't enforced, and with a
plain one. `hopcheck demo` has the reference."""
