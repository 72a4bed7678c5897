"""The types of settings: keys, addresses, seconds, lists. No error message quotes a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

PREFIX = "LLM_PROXY__"
RETIRED_MODES = ("openai", "vllm")


@dataclass(frozen=True)
class Unit:
    """The unit of a setting, for the table in the docs."""

    name: str


def _known_mode(value: Any) -> Any:
    """Explain the replacement of a mode that no longer exists."""
    if isinstance(value, str) and value.lower() in RETIRED_MODES:
        raise ValueError(
            f"'{value}' is a mode of older releases; write {PREFIX}LLM_MODE=litellm and, to talk to an "
            f"OpenAI-compatible provider without LiteLLM, {PREFIX}BACKEND=openai with its address in "
            f"{PREFIX}LITELLM_PROXY_URL"
        )
    return _lower(value)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _sendable(value: SecretStr) -> SecretStr:
    """Strip white space, and refuse what no header can carry."""
    key = value.get_secret_value().strip()
    if not (key.isascii() and key.isprintable()):
        raise ValueError("must hold printable ASCII characters only, or no HTTP header can carry it")
    return SecretStr(key)


def _http_url(value: str) -> str:
    """Accept an absolute http(s) address, and strip its trailing slashes."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - it raises when the port is no number or out of range
    except ValueError:
        raise ValueError("must be an address such as http://localhost:4000") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as http://localhost:4000")
    if parts.username or parts.password or parts.query or parts.fragment:
        own = f"a key belongs in a setting of its own, like {PREFIX}LITELLM_API_KEY"
        raise ValueError(f"must not hold credentials, a query or a fragment; {own}")
    return value.rstrip("/")


def _comma_separated(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _renamed(value: Any) -> Any:
    """Parse `name, name=other name` as a map; a name alone is mapped to itself."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in _comma_separated(value)]
    renamed = {name.strip(): (other if equals else name).strip() for name, equals, other in pairs}
    if not all(name and other for name, other in renamed.items()):
        raise ValueError("must be names, or pairs 'name=provider's name', with commas between them")
    return renamed


def _unset(value: Any) -> Any:
    """Read an empty text, which compose files and shells write for an unset variable, as None."""
    return None if value == "" else value


Mode = Annotated[Literal["mock", "litellm"], BeforeValidator(_known_mode)]
Key = Annotated[SecretStr, AfterValidator(_sendable)]
Url = Annotated[str, AfterValidator(_http_url)]
Seconds = Annotated[float, Field(gt=0, le=86_400), Unit("s")]
Count = Annotated[int, Field(gt=0)]
OrNone = BeforeValidator(_unset)
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)]
SurfaceNames = Annotated[
    tuple[Literal["chat", "embeddings", "messages", "responses"], ...], NoDecode, BeforeValidator(_comma_separated)
]
Renamed = Annotated[Mapping[str, str], NoDecode, BeforeValidator(_renamed)]
LowerCase = BeforeValidator(_lower)
