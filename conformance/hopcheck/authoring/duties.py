"""What only some kinds of gateway owe: a case names it among its needs, and doesn't apply to the other kinds.

Cases name no products and no kinds: `needs=["parses"]` says what the case asks for, and this table says who owes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hopcheck.client.config import TargetConfig
from hopcheck.client.providers.expressible import dialect_of
from hopcheck_server.upstream.dialects.provider_request import Omission

BYTE_PROXY = "the target is a byte proxy (`transparent = true`), which passes on what it doesn't read"
PASSES_KEYS = 'the target passes the client\'s own key on (`auth = "passthrough"`) and checks none'
ASKS_FOR_NO_KEY = 'the target asks for no key (`auth = "none"`)'
NO_KEY = "no client key is configured (`api_key_env`), so nothing can be asked about keys"
OWN_DIALECT = "the models asked for reach a provider of OpenAI's dialect, so nothing is translated (see `--provider`)"
NO_MODEL_LIST = "the target serves no list of models (`models = false`)"
ONE_CHOICE = "the target gives one choice in an answer (`choices = false`)"


def _parses(config: TargetConfig) -> str:
    return BYTE_PROXY if config.declares.transparent else ""


def _client_key(config: TargetConfig) -> str:
    return "" if config.api_key else NO_KEY


def _no_keys_of_its_own(config: TargetConfig) -> str:
    policy = config.declares.auth_policy
    if policy == "keys":
        return ""
    if policy == "none":
        return ASKS_FOR_NO_KEY
    return PASSES_KEYS if config.declares.auth else BYTE_PROXY


def _own_keys(config: TargetConfig) -> str:
    is_doubtful = "auth" in config.assumed and not config.key_headers
    not_owed = "" if is_doubtful else _no_keys_of_its_own(config)
    return not_owed or _client_key(config)


def _own_account(config: TargetConfig) -> str:
    return _no_keys_of_its_own(config) if config.declares.auth_policy == "passthrough" else ""


def _model_list(config: TargetConfig) -> str:
    return _parses(config) or ("" if config.declares.models else NO_MODEL_LIST)


def _choices(config: TargetConfig) -> str:
    return "" if config.declares.choices else ONE_CHOICE


def _translates(config: TargetConfig) -> str:
    return "" if config.provider else OWN_DIALECT


def _in_dialect(feature: Omission) -> Callable[[TargetConfig], str]:
    def why_not(config: TargetConfig) -> str:
        dialect = dialect_of(config.provider)
        return f"{dialect.label} has no place for {feature}" if dialect is not None and feature in dialect.omits else ""

    return why_not


TRANSLATES = "translates"

DUTIES: Mapping[str, Callable[[TargetConfig], str]] = {
    "parses": _parses,
    "client_key": _client_key,
    "own_keys": _own_keys,
    "own_account": _own_account,
    "model_list": _model_list,
    "choices": _choices,
    TRANSLATES: _translates,
    "call_ids": _in_dialect("call ids"),
    "null_content": _in_dialect("null content"),
    "stream_terminator": _in_dialect("stream terminators"),
    "usage_details": _in_dialect("usage details"),
    "json_schemas": _in_dialect("JSON schemas"),
}
"""Why a target doesn't owe something, or "" if it does.

- `parses`: it reads requests and responses, so it checks them and writes errors of its own.
- `client_key`: a client's key is configured.
- `own_keys`: it has keys of its own for its clients; owed until something else is declared, whatever preflight found:
  a gateway that forgets to check keys must be red, but where its own headers carry a key, which is always shown.
- `own_account`: it asks its provider on an account of its own, not the client's.
- `model_list`: it serves a list of models.
- `choices`: it answers a request with `n` above 1.
- `translates`: its provider is a named one, whose dialect it speaks.
- `call_ids`, `null_content`, `stream_terminator`, `usage_details`, `json_schemas`: its provider's dialect has ids of
  calls, tells no content from an empty one, ends a stream by an event that says nothing else, counts tokens of caches
  and of reasoning apart, takes tools' schemas in full.
"""


def why_not_owed(need: str, config: TargetConfig) -> str:
    """Why a target of this kind doesn't owe what a case needs; "" if it does, or if the need is of another sort."""
    return DUTIES[need](config) if need in DUTIES else ""
