"""LiteLLM, and what is done while it isn't there: refuse at once, remember the models, or go past it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable

from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream, BaseLLMAdapter, Call
from hopcheck_server.proxy.adapters.failover.direct import AnyResponse, DirectProvider
from hopcheck_server.proxy.adapters.failover.watch import BackendWatch, ResponseMemory
from hopcheck_server.proxy.adapters.model_list import find_model
from hopcheck_server.proxy.errors import ProxyError, UpstreamLost, model_not_found, upstream_down
from hopcheck_server.proxy.json_text import encode


class FailoverAdapter(BaseLLMAdapter):
    """Hands requests to LiteLLM while it is well.

    Args:
        litellm: Answers.
        probe: Asks LiteLLM for its health and its models, apart from clients' requests.
        interval_s: Between two looks at LiteLLM's health, in seconds.
        silence_s: For how long it may be silent before it counts as down.
        direct: Answers in its place for some models, if there is such a one.
    """

    def __init__(
        self,
        litellm: BaseLLMAdapter,
        probe: BaseLLMAdapter,
        interval_s: float,
        silence_s: float,
        direct: DirectProvider | None,
    ) -> None:
        self.watch = BackendWatch(probe.check_ready, interval_s, silence_s, self._remember)
        self._litellm = litellm
        self._probe = probe
        self._direct = direct
        self._models, self._llm_models = ResponseMemory(), ResponseMemory()

    @property
    def is_well(self) -> bool:
        """Whether LiteLLM was well at the last look."""
        return not self.watch.condition.wrong

    async def start(self) -> None:
        """Begin to look at LiteLLM."""
        await self.watch.start()

    async def aclose(self) -> None:
        """Close all connections."""
        await self.watch.aclose()
        for adapter in (self._litellm, self._probe, *([self._direct.provider] if self._direct else [])):
            await adapter.aclose()

    async def chat(self, call: Call) -> AdapterResponse | AdapterStream:
        """Answer a chat completion."""
        return await self._answer(call, _chat)

    async def embeddings(self, call: Call) -> AdapterResponse:
        """Answer an embeddings request."""
        return await self._answer(call, _embeddings)

    async def models(self) -> AdapterResponse:
        """LiteLLM's list; while it is down the last one, marked."""
        return await self._listed(self._litellm.models, self._models)

    async def model(self, model_id: str) -> AdapterResponse:
        """One model of that list."""
        listed = await self.models()
        entry = find_model(json.loads(listed.body), model_id)
        if entry is None:
            raise model_not_found(model_id)
        return AdapterResponse(encode(entry), listed.headers)

    async def llm_models(self) -> AdapterResponse:
        """LiteLLM's models; while it is down the last ones, marked, and available only if they are answered past it."""
        listed = await self._listed(self._litellm.llm_models, self._llm_models)
        if "x-llm-proxy-stale" not in listed.headers:
            return listed
        models = [{**model, "is_available": self._stands_in(model["id"])} for model in json.loads(listed.body)]
        return AdapterResponse(encode(models), listed.headers)

    async def check_ready(self) -> None:
        """What the last look at LiteLLM showed."""
        self.watch.check()

    def _stands_in(self, model: str) -> bool:
        return self._direct is not None and self._direct.knows(model)

    async def _answer(self, call: Call, ask: Callable[[BaseLLMAdapter, Call], Awaitable[AnyResponse]]) -> AnyResponse:
        if self.watch.condition.serves:
            try:
                return await ask(self._litellm, call)
            except UpstreamLost:
                # Nothing of an answer has gone out. Is LiteLLM gone, or was it this request alone?
                if not await self.watch.confirms_outage():
                    raise
        if self._direct is not None and self._direct.knows(call.model):
            return await self._direct.answer(call, ask)
        raise self._down()

    async def _listed(self, fetch: Callable[[], Awaitable[AdapterResponse]], memory: ResponseMemory) -> AdapterResponse:
        if self.watch.condition.serves:
            try:
                return memory.keep(await fetch())
            except UpstreamLost:
                if not await self.watch.confirms_outage():
                    raise
        remembered = memory.recall()
        if remembered is None:
            raise self._down()
        return remembered

    async def _remember(self) -> None:
        """Ask for the models when LiteLLM has come, so that there is something to remember when it has gone."""
        for fetch, memory in ((self._probe.models, self._models), (self._probe.llm_models, self._llm_models)):
            with contextlib.suppress(ProxyError):
                memory.keep(await fetch())

    def _down(self) -> ProxyError:
        return upstream_down(self.watch.condition.wrong, self.watch.condition.code)


async def _chat(adapter: BaseLLMAdapter, call: Call) -> AdapterResponse | AdapterStream:
    return await adapter.chat(call)


async def _embeddings(adapter: BaseLLMAdapter, call: Call) -> AdapterResponse:
    return await adapter.embeddings(call)
