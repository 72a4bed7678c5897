"""What of a request a provider's dialect has no place for."""

from __future__ import annotations

from typing import Any

from hopcheck.client.providers.translated_attempt import CHAT, dialect_of_path, is_foreign
from hopcheck.client.responses import NotApplicable
from hopcheck_server.upstream.dialects.dialect import Dialect
from hopcheck_server.upstream.dialects.provider_request import ProviderRequest, objects
from hopcheck_server.upstream.dialects.registry import all_dialects

OPENAI_PARAMETERS = frozenset(
    {"audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
     "max_tokens", "metadata", "modalities", "n", "parallel_tool_calls", "prediction", "presence_penalty",
     "prompt_cache_key", "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier", "seed",
     "service_tier", "stop", "store", "temperature", "top_logprobs", "top_p", "user", "verbosity", "web_search_options"}
)  # fmt: skip
"""Parameters of OpenAI's chat completions that steer the response."""

_SAME = {"max_completion_tokens": "max_tokens"}

_DEFAULTS: dict[str, Any] = {"n": 1, "parallel_tool_calls": True, "logprobs": False, "store": False}
"""Values that ask for nothing which isn't so anyway."""


def dialect_of(provider: str) -> Dialect | None:
    """The dialect of a provider; None for OpenAI's."""
    return all_dialects()[provider] if provider else None


def require_expressible(dialect: Dialect, body: Any, path: str = CHAT) -> None:
    """Let a request pass that can be translated into a dialect.

    Args:
        dialect: The provider's.
        body: The request's JSON.
        path: Where it is sent, as the contracts have it.

    Raises:
        NotApplicable: It has a parameter, a kind of tools or images that the dialect has no place for.
    """
    if not isinstance(body, dict) or not is_foreign(dialect, path):
        return
    if path != CHAT:
        _require_places(dialect, dialect_of_path(path).read(path, body))
        return
    if "messages" not in body:
        return
    asked = {name for name in OPENAI_PARAMETERS.intersection(body) if body[name] not in (None, _DEFAULTS.get(name))}
    tools = body.get("tools") if isinstance(body.get("tools"), list) else []
    kinds = sorted({str(one.get("type")) for one in tools or () if isinstance(one, dict)} - {"function"})
    if kinds:
        raise NotApplicable(f"{dialect.label} has no tools of the type {', '.join(kinds)}")
    foreign = sorted(name for name in asked if _SAME.get(name, name) not in dialect.parameters | dialect.carries)
    if "tool choice" in dialect.omits and body.get("tool_choice") not in (None, "auto", "none"):
        foreign.append("tool_choice")
    if "image URLs" in dialect.omits and any(map(_is_address, _image_urls(body))):
        foreign.append("image URLs")
    if foreign:
        raise NotApplicable(f"{dialect.label} has no place for {', '.join(foreign)}")


def _require_places(dialect: Dialect, request: ProviderRequest | None) -> None:
    """The same for a request of another surface, by the parameters that its own dialect reads."""
    asked = {name: value for name, value in (request.parameters if request else {}).items() if value is not None}
    known = OPENAI_PARAMETERS if dialect.is_openai else dialect.parameters | dialect.carries
    foreign = sorted(name for name in asked if name not in known and asked[name] != _DEFAULTS.get(name))
    if foreign:
        raise NotApplicable(f"{dialect.label} has no place for {', '.join(foreign)}")


def _image_urls(body: dict[str, Any]) -> list[str]:
    parts = [part for message in objects(body["messages"]) for part in objects(message.get("content"))]
    images = [part.get("image_url") for part in parts]
    return [str(image.get("url")) for image in images if isinstance(image, dict)]


def _is_address(url: str) -> bool:
    """Whether an image would have to be fetched, by a gateway whose provider takes none by their addresses."""
    return not url.startswith("data:")
