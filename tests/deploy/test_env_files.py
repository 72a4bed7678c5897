"""The example files of variables: each is what its deployment's settings are made of."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hopcheck.gate.target_file import load_target
from hopcheck_server.proxy.settings import load_settings, unknown_variables

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("*.env"))
MASTER_KEY, CLIENT_KEY = "sk-master-0123456789", "sk-client-0123456789"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file leaves to the environment."""
    monkeypatch.setenv("LITELLM_MASTER_KEY", MASTER_KEY)
    monkeypatch.setenv("LLM_PROXY__INTERNAL_API_KEY", CLIENT_KEY)


def test_there_are_the_six_and_one_to_try() -> None:
    assert [path.stem for path in FILES] == ["azure", "basic", "keys", "multiprovider", "production", "shared", "try"]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_settings_read_it_and_know_every_variable(path: Path) -> None:
    settings = load_settings(path)
    assert (settings.llm_mode, settings.backend) == ("litellm", "litellm")
    own = {"try": "sk-try-litellm-in-no-other-place"}  # the one that names its keys
    assert settings.litellm_api_key.get_secret_value() == own.get(path.stem, MASTER_KEY)
    assert settings.internal_api_key.get_secret_value() == CLIENT_KEY
    assert unknown_variables(path) == []


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_fits_its_litellm_configuration(path: Path) -> None:
    settings = load_settings(path)
    config = yaml.safe_load(config_of(path).read_text())
    names = {model["model_name"] for model in config["model_list"]}
    assert {settings.default_model, settings.default_embedding_model} - names == set()
    router = config["router_settings"]
    targets = {name for entry in router["fallbacks"] for pair in entry.items() for name in (pair[0], *pair[1])}
    assert targets - names == set()
    assert config["general_settings"]["master_key"] == "os.environ/LITELLM_MASTER_KEY"
    assert "enforce_model_rate_limits" in router["optional_pre_call_checks"]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_proxy_waits_longer_than_litellm_may_take(path: Path) -> None:
    settings = load_settings(path)
    config = yaml.safe_load(config_of(path).read_text())
    router = config["router_settings"]
    longest = {model["model_name"]: model["litellm_params"]["timeout"] for model in config["model_list"]}
    chains = [[primary, *others] for entry in router["fallbacks"] for primary, others in entry.items()]
    attempts = 1 + router["num_retries"]
    worst_s = max(sum(attempts * longest[name] for name in chain) for chain in chains)
    assert settings.timeout_s > worst_s
    stalls = [model["litellm_params"]["stream_timeout"] for model in config["model_list"]]
    assert settings.stream_idle_timeout_s > max(stalls)


def test_the_declarations_of_the_basic_deployment_are_configured() -> None:
    target = load_target(EXAMPLES / "hopcheck.basic.toml", {}, {"LLM_PROXY__INTERNAL_API_KEY": CLIENT_KEY})
    config = yaml.safe_load(config_of(EXAMPLES / "basic.env").read_text())
    models = {model["model_name"]: model["litellm_params"] for model in config["model_list"]}
    declared = target.declares
    assert declared.fallback is not None
    assert declared.rate_limit is not None
    assert {declared.fallback.primary: [declared.fallback.backup]} in config["router_settings"]["fallbacks"]
    assert [models[name]["rpm"] for name in declared.rate_limit.models] == [declared.rate_limit.requests]
    assert declared.retries == config["router_settings"]["num_retries"]
    assert {target.models.chat, target.models.embedding, declared.default_model} - set(models) == set()


def config_of(path: Path) -> Path:
    """The LiteLLM configuration that a file names; its path is relative to the compose file's folder."""
    (named,) = [line for line in path.read_text().splitlines() if line.startswith("LITELLM_CONFIG=")]
    return EXAMPLES.parent / named.partition("=")[2]
