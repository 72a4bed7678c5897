"""The direct provider, which answers for a few models while LiteLLM is down."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream, BaseLLMAdapter, Call
from hopcheck_server.proxy.adapters.litellm.control_fields import refuse_control_fields
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.json_text import replace_member
from hopcheck_server.proxy.telemetry.notes import current_notes

HEADER = {"x-llm-proxy-fallback": "direct"}


class DirectProvider:
    """Sends requests for some models directly to a provider; a header marks every response.

    Args:
        provider: The adapter to the provider.
        models: The provider's names of its models, by the clients' names.
        surfaces: The names of the APIs that the provider serves.
    """

    def __init__(self, provider: BaseLLMAdapter, models: Mapping[str, str], surfaces: Collection[str]) -> None:
        self.provider = provider
        self._models = models
        self._surfaces = surfaces

    def knows(self, model: str | None) -> bool:
        """Whether it answers for a model."""
        return model in self._models

    def serves(self, call: Call) -> bool:
        """Whether it can answer a call: what LiteLLM has stored it hasn't."""
        return self.knows(call.model) and call.surface.name in self._surfaces

    async def answer(self, call: Call) -> AdapterResponse | AdapterStream:
        """Ask the provider. LiteLLM's control fields are refused here, too: clients see one contract."""
        refuse_control_fields(call.body)
        current_notes().direct = True
        # A client's key for LiteLLM is none of this provider's business.
        call = replace(call, key=None)
        named = self._models[str(call.model)]
        if named != call.model:
            raw = call.raw and replace_member(call.raw, "model", named)
            call = replace(call, raw=raw, body={**call.body, "model": named})
        try:
            response = await self.provider.answer(call)
        except ProxyError as error:
            error.headers |= HEADER
            raise
        return replace(response, headers={**response.headers, **HEADER})
