"""Read the target file: `hopcheck.toml`, what the command line sets over it, and keys from the environment.

Knows the file's keys and what is a sensible value. Knows nothing of how a target behaves. Every mistake is one
sentence with the file, the table and the key; a value that could be a key of somebody's is never quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hopcheck.client.config import Declares, Models, TargetConfig
from hopcheck.gate.provider_table import read_providers
from hopcheck.report.settings_file import Reader, SettingsError, nearest, parse_file

__all__ = ["FILE_NAME", "SettingsError", "load_target", "packaged_target"]

FILE_NAME = "hopcheck.toml"
"""Looked for in the working folder when no file is named."""

_TABLES = ("target", "models", "providers", "declares")
_FLAGS = {"target.base_url": "URL", "models.chat": "--model"}
_FILLED_IN = ("second_key", "logs")  # of Declares: they follow from second_api_key_env and log_file
_POSITIVE = frozenset({"window_s", "timeout_s"})
_AT_LEAST = {"requests": 1, "retries": 0, "timeout_retries": 0}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IN_HEADER = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_HEADER_NAME = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, kw_only=True)
class _TargetTable:
    """The keys of `[target]`."""

    base_url: str
    name: str = ""
    api_key_env: str = ""
    second_api_key_env: str = ""
    upstream_port: int | None = None
    upstream_url: str = ""
    log_file: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def load_target(path: Path | None, overrides: Mapping[str, object], environ: Mapping[str, str]) -> TargetConfig:
    """Describe the target.

    Args:
        path: The target file; None where there is none and the command line says all.
        overrides: Set over the file: keys of `[target]` by their name, others as `table.key`. None is not given.
        environ: Where the variables named by `api_key_env` and `second_api_key_env` are looked up.

    Returns:
        The target; a relative `log_file` counts from the file's folder.

    Raises:
        SettingsError: With one sentence for each mistake.
    """
    return read_target(parse_file(path) if path else {}, path, overrides, environ)


def read_target(
    document: dict[str, Any], path: Path | None, overrides: Mapping[str, object], environ: Mapping[str, str]
) -> TargetConfig:
    """Describe the target that the content of a target file names (see `load_target`)."""
    flags = _flags(overrides)
    reader = Reader(str(path) if path else "command line", {place: _flag_name(place) for place in flags})
    tables = _tables(document, flags, reader)
    if "base_url" not in tables["target"]:
        raise SettingsError([*reader.problems, _no_url(path)])
    target = reader.read(_TargetTable, tables["target"], "target")
    models = reader.read(Models, tables["models"], "models")
    providers = read_providers(tables["providers"], reader)
    declares = reader.read(Declares, tables["declares"], "declares", hidden=_FILLED_IN)
    if target is not None:
        _check_target(target, reader)
    if declares is not None:
        _check_numbers(declares, "declares", reader)
    keys = [_key(name, target, environ, reader) for name in ("api_key_env", "second_api_key_env")]
    variables = _header_variables(target, environ, reader) if target else {}
    if reader.problems or target is None:
        raise SettingsError(reader.problems)
    assembled = _assembled(target, models or Models(), declares or Declares(), keys, variables, path)
    return replace(assembled, providers=providers)


def packaged_target(name: str, key: str, overrides: Mapping[str, object]) -> TargetConfig:
    """Describe a target whose file comes with hopcheck (`litellm`, `reference`), reached with that key."""
    with as_file(files("hopcheck.gate") / "targets" / name / FILE_NAME) as path:
        return load_target(path, {"api_key_env": "KEY", **overrides}, {"KEY": key})


def _flags(overrides: Mapping[str, object]) -> dict[str, object]:
    given = {key: value for key, value in overrides.items() if value is not None}
    return {key if "." in key else f"target.{key}": value for key, value in given.items()}


def _flag_name(place: str) -> str:
    return _FLAGS.get(place) or "--" + place.partition(".")[2].replace("_", "-")


def _no_url(path: Path | None) -> str:
    where = f'{path}: [target] lacks the key "base_url"' if path else "The target's URL is missing"
    return f'{where}: say where the proxy is, like "http://127.0.0.1:4000/v1".'


def _tables(document: dict[str, Any], flags: Mapping[str, object], reader: Reader) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {name: {} for name in _TABLES}
    for name, content in document.items():
        if name not in tables:
            reader.problems.append(f"{reader.file}: {_stray(name, content)}")
        elif not isinstance(content, dict):
            reader.complain(name, "", "must be a table")
        else:
            tables[name] = dict(content)
    for place, value in flags.items():
        table, _, key = place.partition(".")
        tables[table][key] = value
    return tables


def _stray(name: str, content: object) -> str:
    homes = {"target": _TargetTable, "models": Models, "declares": Declares}
    for table, kind in homes.items():
        if not isinstance(content, dict) and name in {item.name for item in fields(kind)}:
            return f'the key "{name}" stands outside of any table; it belongs under [{table}].'
    what = f"there is no table [{name}]" if isinstance(content, dict) else f'the key "{name}" is unknown'
    return f"{what}; {nearest(name, _TABLES)}"


def _check_target(target: _TargetTable, reader: Reader) -> None:
    for key in ("base_url", "upstream_url"):
        wrong = _wrong_with_url(getattr(target, key))
        if wrong:
            reader.complain("target", key, wrong)
    if target.upstream_port is not None and not 1 <= target.upstream_port <= 65535:
        reader.complain("target", "upstream_port", f"must be between 1 and 65535, not {target.upstream_port}")
    for name, value in target.headers.items():
        if not name or set(name.lower()) - _HEADER_NAME:
            reader.complain("target.headers", "", f'has the key "{name}", which is not a header name')
        if not _fits_in_a_header(value):
            reader.complain("target.headers", name, "must be printable ASCII on one line")


def _wrong_with_url(url: str) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it raises when the port is no number or out of range
    except ValueError as error:
        return f"is not a URL: {error}"
    if parts.scheme not in {"http", "https"}:
        return f'must begin with http:// or https://, like "http://127.0.0.1:4000/v1", not be "{url}"'
    if not parts.hostname:
        return f'names no host: "{url}"'
    if parts.username is not None:
        return "must not hold a user or a password: name the key's variable in api_key_env"
    if parts.query or parts.fragment or any(character.isspace() for character in url):
        return f'must end with its path, without a query, a fragment or spaces: "{url}"'
    return ""


def _check_numbers(value: Any, table: str, reader: Reader) -> None:
    for item in fields(value):
        number = getattr(value, item.name)
        if is_dataclass(number):
            _check_numbers(number, f"{table}.{item.name}", reader)
        elif number is not None and item.name in _POSITIVE and number <= 0:
            reader.complain(table, item.name, f"must be above 0, not {number:g}")
        elif item.name in _AT_LEAST and number < _AT_LEAST[item.name]:
            reader.complain(table, item.name, f"must be at least {_AT_LEAST[item.name]}, not {number}")
        elif item.name == "models" and number == ():
            reader.complain(table, item.name, "must name at least one model")


def _key(setting: str, target: _TargetTable | None, environ: Mapping[str, str], reader: Reader) -> str:
    variable: str = getattr(target, setting) if target else ""
    if not variable:
        return ""
    if not _VARIABLE.fullmatch(variable):  # a key pasted here must not be quoted
        reader.complain("target", setting, "must be the name of an environment variable, not a key itself")
        return ""
    if not environ.get(variable, "").strip():
        state = "is empty" if variable in environ else "is not set"
        reader.complain("target", setting, f"names the environment variable {variable}, which {state}")
    key = environ.get(variable, "").strip()
    if not _fits_in_a_header(key):
        reader.complain("target", setting, f"names {variable}, whose value can't be sent in a header")
    return key


def _header_variables(target: _TargetTable, environ: Mapping[str, str], reader: Reader) -> dict[str, str]:
    """The values of the variables that stand as `$NAME` in headers, by name."""
    found: dict[str, str] = {}
    for header, value in target.headers.items():
        for name in _IN_HEADER.findall(value):
            found[name] = environ.get(name, "").strip()
            if not found[name] or not _fits_in_a_header(found[name]):
                state = "can't be sent in a header" if found[name] else "is not set"
                reader.complain("target.headers", header, f"names the environment variable {name}, which {state}")
    return found


def _fits_in_a_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _assembled(
    target: _TargetTable,
    models: Models,
    declares: Declares,
    keys: list[str],
    variables: dict[str, str],
    path: Path | None,
) -> TargetConfig:
    own = target.api_key_env, target.second_api_key_env
    log_file = str((path.parent if path else Path()) / target.log_file) if target.log_file else ""
    return TargetConfig(
        name=target.name or urlsplit(target.base_url).netloc,
        base_url=target.base_url.rstrip("/"),
        api_key=keys[0],
        second_api_key=keys[1],
        upstream_port=target.upstream_port,
        upstream_url=target.upstream_url.rstrip("/"),
        log_file=log_file,
        headers={
            name: _IN_HEADER.sub(lambda found: variables[found[1]], value) for name, value in target.headers.items()
        },
        variables=variables | {name: key for name, key in zip(own, keys, strict=True) if name},
        api_key_env=own[0],
        second_api_key_env=own[1],
        models=models,
        declares=replace(declares, second_key=bool(keys[1]), logs=bool(log_file)),
    )
