"""LiteLLM's test configuration keeps what the cases count on, and the target files declare just that."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from hopcheck_server.chain.litellm import TEST_CONFIG, config_for
from hopcheck_server.chain.stack import CHAT_MODEL

ROOT = Path(__file__).parents[3]
CONFIG: dict[str, Any] = yaml.safe_load(TEST_CONFIG.read_text())
MODELS: dict[str, dict[str, Any]] = {model["model_info"]["id"]: model for model in CONFIG["model_list"]}
TARGETS = {
    name: tomllib.loads((ROOT / "examples" / "targets" / name / "hopcheck.toml").read_text())
    for name in ("litellm", "reference")
}

EMBEDDING = {name for name, model in MODELS.items() if model["model_info"].get("mode") == "embedding"}

each_model = pytest.mark.parametrize("name", list(MODELS))
each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))


PROVIDERS = {
    "claude-model": "anthropic",
    "gemini-model": "gemini",
    "gemini-embedding": "gemini",
    "ollama-model": "ollama_chat",
    "ollama-embedding": "ollama",
    "vllm-model": "hosted_vllm",
    "vllm-embedding": "hosted_vllm",
    "azure-model": "azure",
    "azure-embedding": "azure",
    "responses-model": "openai/responses",
}
"""LiteLLM's names of the providers that the targets name, none of which is OpenAI's chat completions."""

PROVIDERS |= {f"slow-{name}": PROVIDERS[name] for name in PROVIDERS if name not in EMBEDDING}

TWINS = {"balanced-model-2": "balanced-model", "balanced-claude-2": "balanced-claude"}
"""Second deployments of a model, by their ids."""

NAMES = {**PROVIDERS, "balanced-claude": "anthropic", "balanced-claude-2": "anthropic"}
"""LiteLLM's names of all providers but OpenAI."""


def params(name: str) -> dict[str, Any]:
    found: dict[str, Any] = MODELS[name]["litellm_params"]
    return found


def test_the_file_at_the_top_is_the_one_that_is_run() -> None:
    assert (ROOT / TEST_CONFIG.name).read_bytes() == TEST_CONFIG.read_bytes()


@each_model
def test_each_model_is_its_own(name: str) -> None:
    model = TWINS.get(name, name)
    assert params(name)["model"] == f"{NAMES.get(name, 'openai')}/{model}"
    assert MODELS[name]["model_name"] == model


@each_model
def test_no_key_and_no_address_of_a_provider_is_written_down(name: str) -> None:
    key = "BACKUP" if name in ("backup-model", *TWINS) else "UPSTREAM"
    assert params(name)["api_key"] == f"os.environ/HOPCHECK_{key}_KEY"
    addresses = {"openai": "UPSTREAM_URL", "openai/responses": "UPSTREAM_URL", "hosted_vllm": "VLLM_URL"}
    own = f"os.environ/HOPCHECK_{addresses.get(NAMES.get(name, 'openai'), 'UPSTREAM_ROOT')}"
    assert params(name)["api_base"] == ("http://127.0.0.1:1/v1" if name == "dead-model" else own)


@each_model
def test_every_wait_is_bounded(name: str) -> None:
    assert 0 < params(name)["timeout"] <= 20
    assert 0 < params(name)["stream_timeout"] <= 20


def test_limits_are_enforced_nothing_rests_and_the_key_is_ours() -> None:
    assert CONFIG["router_settings"]["disable_cooldowns"] is True
    assert CONFIG["router_settings"]["optional_pre_call_checks"] == ["enforce_model_rate_limits"]
    assert CONFIG["general_settings"] == {"master_key": "os.environ/LITELLM_MASTER_KEY"}
    assert CHAT_MODEL in MODELS


@each_target
def test_what_a_target_declares_is_what_the_configuration_says(target: dict[str, Any]) -> None:
    declares, router = target["declares"], CONFIG["router_settings"]
    assert declares["retries"] == router["num_retries"]
    assert declares["timeout_retries"] == router["retry_policy"]["TimeoutErrorRetries"]
    assert {model for models in target["providers"].values() for model in models.values()} == set(PROVIDERS)
    assert {declares["fallback"]["primary"]: [declares["fallback"]["backup"]]} in router["fallbacks"]
    timed = [one["timed"] for one in target["providers"].values()]
    for slow in map(params, [declares["timeout_model"], *timed]):
        assert (slow["timeout"], slow["stream_timeout"]) == (declares["timeout_s"], declares["timeout_s"])
    assert [params(model)["rpm"] for model in declares["rate_limit"]["models"]] == [declares["rate_limit"]["requests"]]
    narrow = declares["concurrency_limit"]
    assert params(narrow["model"])["max_parallel_requests"] == narrow["requests"]
    assert not params(declares["unreachable"])["api_base"].startswith("os.environ/")


@each_target
def test_a_balanced_model_has_two_deployments(target: dict[str, Any]) -> None:
    router = CONFIG["router_settings"]
    for model in target["declares"]["balanced"].values():
        keys = {one["litellm_params"]["api_key"] for one in CONFIG["model_list"] if one["model_name"] == model}
        assert len(keys) == 2
        assert router["model_group_affinity_config"][model]


@each_target
def test_a_target_names_models_that_are_there(target: dict[str, Any]) -> None:
    assert {*target["models"].values(), target["declares"].get("default_model", CHAT_MODEL)} <= MODELS.keys()


def test_two_gates_at_once_have_a_limit_each() -> None:
    first, second = (target["declares"]["rate_limit"]["models"] for target in TARGETS.values())
    assert not set(first) & set(second)


@pytest.mark.parametrize("version", ["1.93.0", "1.106.2", "1.109.1", "2.0"])
def test_a_version_that_can_has_the_configuration_of_all(version: str, tmp_path: Path) -> None:
    assert config_for(version, tmp_path) == TEST_CONFIG
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "models"), [("1.60.8", EMBEDDING), ("1.79.3rc1", EMBEDDING), ("1.80.11", set(MODELS))]
)
def test_an_old_version_gets_the_same_but_for_what_it_chokes_on(version: str, models: set[str], tmp_path: Path) -> None:
    written = yaml.safe_load(config_for(version, tmp_path).read_text())
    expected = yaml.safe_load(TEST_CONFIG.read_text())
    for model in expected["model_list"]:
        if model["model_name"] in models:
            del model["litellm_params"]["allowed_openai_params"]
    assert written == expected
