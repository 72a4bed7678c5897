"""The compose file: the order, the pins, the keys, and that every variable in it is explained somewhere."""

from __future__ import annotations

import argparse
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hopcheck.cli import COMMANDS
from hopcheck_server.proxy.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
OVERLAYS: dict[str, dict[str, dict[str, Any]]] = {
    name: yaml.safe_load((ROOT / f"examples/docker-compose.{name}.yml").read_text())["services"]
    for name in ("keys", "shared")
}
"""The services of the compose files over the first one, by the example that they belong to."""
READ = re.compile(r"\$\{(\w+)(:?[-?])?")
PASSED = {name for service in SERVICES.values() for name in service.get("environment", {})}

# These belong to ways of running that are no part of this deployment, or are set to what it is.
NOT_PASSED = {"BACKEND", "MODELS_TTL_S", "CHECK_MODELS", "MOCK_DELAY_S"}


def test_each_waits_for_a_healthy_one_behind_it() -> None:
    waits = {name: service["depends_on"] for name, service in SERVICES.items() if "depends_on" in service}
    assert waits["llm-proxy"] == {"litellm": {"condition": "service_healthy"}}
    assert waits["llm-proxy-on-cassettes"] == {"cassettes": {"condition": "service_healthy"}}
    assert all(on["condition"] == "service_healthy" for needed in waits.values() for on in needed.values())
    assert all("healthcheck" in SERVICES[needed] for on in waits.values() for needed in on if needed != "llm-proxy")
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


def test_every_image_has_a_version_for_a_tag() -> None:
    tags = {name: service["image"].rpartition(":")[2].rstrip("}") for name, service in SERVICES.items()}
    moving = {name: tag for name, tag in tags.items() if not re.fullmatch(r"v?\d+\.\d+\.\d+(@sha256)?", tag)}
    assert moving == {}


def test_only_llm_proxy_is_published_by_default_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"llm-proxy", "llm-proxy-on-cassettes"}
    assert all(port.startswith("${LLM_PROXY_BIND:-127.0.0.1}:") for ports in published.values() for port in ports)


def test_keys_come_from_the_environment_alone() -> None:
    required = {name for name, how in READ.findall(TEXT) if how == ":?"}
    assert required == {"LITELLM_MASTER_KEY", "LLM_PROXY__INTERNAL_API_KEY"}
    held = [(name, service["environment"]) for name, service in SERVICES.items() if "environment" in service]
    keys = {(name, key): value for name, env in held for key, value in env.items() if key.endswith("_KEY")}
    assert {where: value for where, value in keys.items() if value and not value.startswith("${")} == {}


def test_what_goes_on_is_limited_and_restarted() -> None:
    for name, service in SERVICES.items():
        assert service["restart"] == ("no" if name == "gate" else "unless-stopped")
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


def test_every_setting_of_the_proxy_can_be_given() -> None:
    settings = {f"LLM_PROXY__{name.upper()}" for name in Settings.model_fields}
    assert settings - PASSED == {f"LLM_PROXY__{name}" for name in NOT_PASSED}
    assert {name for name in PASSED if name.startswith("LLM_PROXY__")} - settings == set()


@pytest.mark.parametrize("config", sorted(ROOT.glob("examples/litellm_config.*.yaml")), ids=lambda path: path.stem)
def test_every_variable_of_a_configuration_reaches_litellm(config: Path) -> None:
    wanted = set(re.findall(r"os\.environ/(\w+)", config.read_text()))
    given = set(SERVICES["litellm"]["environment"])
    if overlay := OVERLAYS.get(config.stem.removeprefix("litellm_config.")):
        given |= set(overlay["litellm"]["environment"])
    assert wanted - given == set()


@pytest.mark.parametrize(("example", "added"), [("keys", {"postgres", "redis"}), ("shared", {"redis"})])
def test_litellm_waits_for_what_an_example_adds(example: str, added: set[str]) -> None:
    overlay = OVERLAYS[example]
    assert overlay.keys() == {"litellm", *added}
    assert overlay["litellm"]["depends_on"] == {name: {"condition": "service_healthy"} for name in added}
    assert not any("ports" in service for service in overlay.values())


@pytest.mark.parametrize(
    ("example", "name", "version"), [("keys", "postgres", r"\d+\.\d+"), ("shared", "redis", r"\d+\.\d+\.\d+")]
)
def test_what_an_example_adds_is_pinned_and_limited(example: str, name: str, version: str) -> None:
    service = OVERLAYS[example][name]
    assert re.fullmatch(rf"\$\{{{name.upper()}_IMAGE:-{name}:{version}\}}", service["image"])
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert (service["read_only"], service["cap_drop"], service["user"]) == (True, ["ALL"], "999:999")


def test_the_redis_of_both_examples_is_one() -> None:
    extended = OVERLAYS["keys"]["redis"]["extends"]
    assert (ROOT / extended["file"]).is_file()
    assert extended == {"file": "./examples/docker-compose.shared.yml", "service": "redis"}


def test_what_the_shared_example_mounts_is_there() -> None:
    mounted = [volume.partition(":/")[0] for volume in OVERLAYS["shared"]["litellm"]["volumes"]]
    files = [re.sub(r"\$\{\w+:-(.*)\}", r"\1", one) for one in mounted]
    assert [file for file in files if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize("name", ["upstream", "gate", "cassettes"])
def test_the_suite_accepts_its_arguments(name: str) -> None:
    command, *words = SERVICES[name]["command"]
    parser = argparse.ArgumentParser(prog=command)
    importlib.import_module(COMMANDS[command][0]).add_arguments(parser)
    assert parser.parse_args(words)


def test_what_is_meant_for_vllm_never_goes_to_openai() -> None:
    """`openai/` without an address is OpenAI's own, with OPENAI_API_KEY."""
    default = SERVICES["litellm"]["environment"]["VLLM_API_BASE"].partition(":-")[2]
    assert default == "http://vllm.invalid/v1}"


def test_every_variable_is_explained() -> None:
    pages = "".join((ROOT / "docs" / name).read_text() for name in ("operations.md", "settings.md"))
    used = {name for name, _ in READ.findall(TEXT)} | PASSED
    assert {name for name in used if f"`{name}`" not in pages} == set()
