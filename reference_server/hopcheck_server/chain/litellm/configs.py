"""The suite's configuration for one version of LiteLLM: older ones fail on what newer ones need."""

from pathlib import Path

import yaml

TEST_CONFIG = Path(__file__).with_name("litellm_config.test.yaml")
"""The configuration that the suite runs LiteLLM with; the file of that name at the repository's top is the same."""

_ALLOWED = "allowed_openai_params"
_SENDS_NULLS = (1, 80)
_WORKS = (1, 93)
"""The faults with `allowed_openai_params`: 1.60.8 passes that of an embedding model on to its provider's client, which
refuses it; 1.80.11 adds each of them as null to requests that don't have it; 1.93.0 and later do neither."""


def config_for(version: str, folder: Path) -> Path:
    """Return the configuration for a version, which is written into a folder if it isn't the common one."""
    release = _release(version)
    if release >= _WORKS:
        return TEST_CONFIG
    config = yaml.safe_load(TEST_CONFIG.read_text(encoding="utf-8"))
    for model in config["model_list"]:
        if release >= _SENDS_NULLS or model["model_info"].get("mode") == "embedding":
            model["litellm_params"].pop(_ALLOWED, None)
    path = folder / f"litellm_config.{version}.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def _release(version: str) -> tuple[int, ...]:
    """Return the version's numbers, without a suffix such as `rc1`."""
    numbers: list[int] = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)
