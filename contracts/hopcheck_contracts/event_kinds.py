"""Kinds of stream events: which schema an event is meant to fit, and what its JSON says it is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hopcheck_contracts.documents import PROVIDERS, Contract, document

_STREAM_ERRORS: dict[Contract, str] = {"litellm": "LiteLLMError"}


def event_schema_name(boundary: Contract, payload: Any) -> str:
    """The schema that an event is meant to fit: that one alone says precisely what is wrong."""
    if boundary in PROVIDERS:
        return _provider_kind(payload)
    if typed := event_schemas(boundary):
        return typed.get(str(payload.get("type")) if isinstance(payload, dict) else "", "OtherEvent")
    if is_error(payload):
        return _STREAM_ERRORS.get(boundary, "StreamError")
    return "PromptFilterEvent" if boundary != "litellm" and is_prompt_filter(payload) else "ChatCompletionChunk"


def _provider_kind(payload: Any) -> str:
    return "Error" if isinstance(payload, dict) and "error" in payload else "StreamEvent"


@cache
def event_schemas(boundary: Contract) -> Mapping[str, str]:
    """The component of each `type` that the events of a surface have; empty where events have none."""
    found = document(boundary)["components"]["schemas"].get("StreamEvent", {})
    mapping: Mapping[str, str] = found.get("discriminator", {}).get("mapping", {})
    return {name: pointer.rpartition("/")[2] for name, pointer in mapping.items()}


def is_error(payload: Any) -> bool:
    """Whether an event says that the answer failed, however badly; official clients raise it next to choices, too."""
    return isinstance(payload, dict) and payload.get("error") is not None


def is_prompt_filter(payload: Any) -> bool:
    """Whether an event is Azure's note on the prompt, which has no part in the answer and no identity."""
    return isinstance(payload, dict) and "prompt_filter_results" in payload and payload.get("choices") == []
