"""The provider that stands in for LiteLLM: asked for a few models, and only while LiteLLM is down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream, BaseLLMAdapter, Call
from hopcheck_server.proxy.adapters.litellm.control_fields import refuse_control_fields
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.json_text import replace_member
from hopcheck_server.proxy.telemetry.notes import current_notes

HEADER = {"x-llm-proxy-fallback": "direct"}

AnyResponse = TypeVar("AnyResponse", AdapterResponse, AdapterStream, AdapterResponse | AdapterStream)


class DirectProvider:
    """Sends requests for some models past LiteLLM; every answer says so in a header.

    Args:
        provider: Speaks to it.
        models: The provider's names of the models that go there, by the clients' names.
    """

    def __init__(self, provider: BaseLLMAdapter, models: Mapping[str, str]) -> None:
        self.provider = provider
        self._models = models

    def knows(self, model: str) -> bool:
        """Whether it answers for a model."""
        return model in self._models

    async def answer(self, call: Call, ask: Callable[[BaseLLMAdapter, Call], Awaitable[AnyResponse]]) -> AnyResponse:
        """Ask the provider. What LiteLLM would not be handed is refused here, too: clients see one contract."""
        refuse_control_fields(call.body)
        current_notes().direct = True
        named = self._models[call.model]
        if named != call.model:
            raw = replace_member(call.raw, "model", named)
            call = replace(call, raw=raw, body={**call.body, "model": named})
        try:
            answer = await ask(self.provider, call)
        except ProxyError as error:
            error.headers |= HEADER
            raise
        return replace(answer, headers={**answer.headers, **HEADER})
