"""The report's entry for its target: all that is needed to reach it again, with variables' names and no values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from hopcheck.client.config import TargetConfig
from hopcheck.report.excerpts import jsonable

_OPTIONAL = ("api_key_env", "second_api_key_env", "upstream_port", "upstream_url", "log_file")

_FILLED_IN = ("second_key", "logs")


def target_entry(target: TargetConfig) -> dict[str, Any]:
    """The target as the report has it."""
    declared = {key: asdict(target.declares)[key] for key in target.declares.given}
    return {
        "name": target.name,
        "base_url": _without_user(target.base_url),
        "declares": jsonable(declared),
        "models": jsonable(asdict(target.models)),
        "providers": {name: jsonable(asdict(models)) for name, models in target.providers.items()},
        "headers": {name: _with_names(value, target.variables) for name, value in target.headers.items()},
        "api_key_env": target.api_key_env,
        "second_api_key_env": target.second_api_key_env,
        "upstream_port": target.upstream_port,
        "upstream_url": target.upstream_url,
        "log_file": target.log_file,
    }


def target_tables(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A target file's content that says of the target what a report says."""
    given = {key: entry[key] for key in _OPTIONAL if entry[key]}
    declared = {key: value for key, value in entry["declares"].items() if key not in _FILLED_IN}
    return {
        "target": {"name": entry["name"], "base_url": entry["base_url"], "headers": entry["headers"], **given},
        "models": _without_nulls(entry["models"]),
        "providers": {name: _given(models) for name, models in entry["providers"].items()},
        "declares": _without_nulls(declared),
    }


def _given(models: Mapping[str, str]) -> dict[str, str]:
    return {key: name for key, name in models.items() if name}


def _with_names(value: str, variables: Mapping[str, str]) -> str:
    """A header's value with the names of the variables that it was made from."""
    for name, content in variables.items():
        value = value.replace(content, f"${name}") if content else value
    return value


def _without_nulls(value: Any) -> Any:
    """The same without the keys whose value is null, which TOML has not."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
