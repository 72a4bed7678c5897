"""An upstream's lists of models, and the time for which they are cached."""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from hopcheck_server.proxy.adapters.base import AdapterResponse
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.json_text import encode

REFRESH_S = 1.0
"""An unlisted name makes the list be fetched again, at most this often."""


@dataclass(frozen=True)
class LLMModel:
    """One entry of `GET /v1/llm/models`; what the upstream does not know is null, never made up."""

    id: str
    name: str
    provider: str | None
    context_length: int | None
    is_available: bool


class ModelList:
    """The ids that an upstream lists, fetched when needed. A failure to fetch them is cached as long.

    Args:
        fetch: Fetches the ids; raises ProxyError.
        ttl_s: Seconds for which a list is cached.
    """

    def __init__(self, fetch: Callable[[], Awaitable[frozenset[str]]], ttl_s: float) -> None:
        self._fetch = fetch
        self._ttl_s = ttl_s
        self._ids: frozenset[str] | None = None
        self._fetched = -math.inf
        self._lock = asyncio.Lock()

    async def may_serve(self, model: str) -> bool:
        """Whether the upstream lists the model, or has no list: then the upstream decides."""
        if self._is_fresh(self._ttl_s) and self._lists(model):
            return True
        async with self._lock:
            if not self._is_fresh(min(REFRESH_S, self._ttl_s)):
                await self._refresh()
        return self._lists(model)

    def _is_fresh(self, age_s: float) -> bool:
        return time.monotonic() - self._fetched <= age_s

    def _lists(self, model: str) -> bool:
        return self._ids is None or model in self._ids or any("*" in name for name in self._ids)

    async def _refresh(self) -> None:
        try:
            self._ids = await self._fetch() or None
        except (ProxyError, KeyError, TypeError):
            self._ids = None
        self._fetched = time.monotonic()


def find_model(listed: dict[str, Any], model_id: str) -> dict[str, Any] | None:
    """Return the list's entry for a model."""
    return next((entry for entry in listed["data"] if isinstance(entry, dict) and entry.get("id") == model_id), None)


def llm_models(listed: dict[str, Any], info: dict[str, Any]) -> list[LLMModel]:
    """Join the list of models with LiteLLM's model info (`{}` where there is none)."""
    known = _by_name(info)
    ids = [str(entry["id"]) for entry in listed["data"] if isinstance(entry, dict) and "id" in entry]
    return [_llm_model(model_id, known[model_id]) for model_id in ids]


def llm_models_response(models: Iterable[LLMModel]) -> AdapterResponse:
    """Make the response of `GET /v1/llm/models`."""
    return AdapterResponse(encode([asdict(model) for model in models]))


def listing_as_info(listed: dict[str, Any]) -> dict[str, Any]:
    """Give a provider's own list the shape of LiteLLM's model info."""
    return {"data": [_entry_as_deployment(entry) for entry in listed["data"] if isinstance(entry, dict)]}


def _entry_as_deployment(entry: dict[str, Any]) -> dict[str, Any]:
    # vLLM, OpenRouter and Groq each have a name for it; OpenAI has none.
    limits = (entry.get(name) for name in ("max_model_len", "context_length", "context_window"))
    context = next((limit for limit in limits if isinstance(limit, int)), None)
    info = {"litellm_provider": entry.get("owned_by"), "max_input_tokens": context}
    return {"model_name": entry.get("id"), "model_info": info}


def _by_name(info: dict[str, Any]) -> defaultdict[str, list[dict[str, Any]]]:
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    data = info.get("data")
    for deployment in data if isinstance(data, list) else ():
        if isinstance(deployment, dict):
            groups[str(deployment.get("model_name"))].append(deployment)
    return groups


def _llm_model(model_id: str, deployments: list[dict[str, Any]]) -> LLMModel:
    return LLMModel(
        id=model_id,
        name=model_id,
        provider=_agreed(_provider(deployment) for deployment in deployments),
        # A request can reach any deployment of the group, so the smallest context is the one to promise.
        context_length=min((n for d in deployments if (n := _context_length(d)) is not None), default=None),
        is_available=True,
    )


def _agreed(providers: Iterable[str | None]) -> str | None:
    """Return the provider that all deployments name; None where they differ or name none."""
    names = set(providers)
    return names.pop() if len(names) == 1 else None


def _provider(deployment: dict[str, Any]) -> str | None:
    info, params = deployment.get("model_info") or {}, deployment.get("litellm_params") or {}
    named = params.get("custom_llm_provider") or info.get("litellm_provider")
    prefix, slash, _ = str(params.get("model", "")).partition("/")
    return str(named) if named else (prefix if slash else None)


def _context_length(deployment: dict[str, Any]) -> int | None:
    info = deployment.get("model_info") or {}
    for name in ("max_input_tokens", "max_tokens"):
        if isinstance(info.get(name), int):
            return int(info[name])
    return None
