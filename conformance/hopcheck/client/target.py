"""The target as a case sees it: it is sent requests, and shows its responses and what the upstream received.

Waiting, HTTP and parsing are done in this package, so that cases read as requirements. Nothing here judges.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcheck.client.config import Declares, Models, TargetConfig
from hopcheck.client.operations import OPERATIONS, Operation
from hopcheck.client.pacing.burst import Burst, burst_over
from hopcheck.client.providers.contract_path import contract_path
from hopcheck.client.providers.translated_attempt import is_foreign
from hopcheck.client.responses import Response, Untestable
from hopcheck.client.sdk import official_client
from hopcheck.client.session import TargetSession
from hopcheck.client.session_options import DEFAULT_OPTIONS, SessionOptions
from hopcheck.client.surfaces import Chat, Embeddings
from hopcheck_server.upstream.control.client import Control

if TYPE_CHECKING:
    from openai import AsyncOpenAI


@dataclass(frozen=True, slots=True)
class SharedWork:
    """Something that one case of a run began and others use, too.

    Attributes:
        task: It, done or not.
        begun_ns: When it began, CLOCK_MONOTONIC nanoseconds.
    """

    task: asyncio.Task[Any]
    begun_ns: int


class Target(TargetSession):
    """The gateway under test, for one case.

    Attributes:
        read_burst: The burst over the declared rate limit, if the case has asked for it.
        since_ns: Monotonic nanoseconds of the oldest thing that the case reads: a shared burst is older than the case.
    """

    def __init__(
        self,
        config: TargetConfig,
        control: Control | None,
        options: SessionOptions = DEFAULT_OPTIONS,
        *,
        shared: dict[str, SharedWork] | None = None,
        flood: float = 1.0,
    ) -> None:
        """Bind a target to a case.

        Args:
            config: See `TargetSession`; so are `control` and `options`.
            control: The upstream behind it.
            options: For which case, and how patiently.
            shared: What the cases of a run have in common, by name.
            flood: Which part of its requests a flooding case sends; below 1, long responses are shorter, too.
        """
        super().__init__(config, control, options)
        self._shared = {} if shared is None else shared
        self._flood = flood
        self.read_burst: Burst | None = None
        self.since_ns = time.monotonic_ns()

    @property
    def chat(self) -> Chat:
        """Sends chat completion requests."""
        return Chat(self)

    @property
    def embeddings(self) -> Embeddings:
        """Sends embeddings requests."""
        return Embeddings(self)

    @property
    def ask(self) -> Operation:
        """Asks the operation that the case is run on."""
        return Operation(self, OPERATIONS[self.operation])

    def _client_path(self, response: Response | str) -> str:
        """See `UpstreamSide`; of a marker, the path of the operation that the case is run on."""
        if isinstance(response, str):
            return f"/v1{OPERATIONS[self.operation].path}"
        return contract_path(response.sent.url, self.base_path)

    @property
    def declares(self) -> Declares:
        """What the target declares."""
        return self.config.declares

    @property
    def models(self) -> Models:
        """The models that healthy requests name."""
        return self.config.models

    @property
    def provider(self) -> str:
        """The dialect of the provider behind those models, by the upstream's name; "" for OpenAI's."""
        return self.config.provider

    @property
    def translates(self) -> bool:
        """Whether that dialect is another one, so that only what all dialects share can be compared."""
        return self._dialect is not None and is_foreign(self._dialect, self._client_path(""))

    @property
    def timed_model(self) -> str:
        """The model that the declared timeout holds for: the chat model, unless another one is declared."""
        return self.declares.timeout_model or self.models.chat

    def many(self, number: int) -> int:
        """How many requests a case sends in this run that sends `number` in a full one."""
        return max(4, round(number * self._flood))

    @property
    def in_full(self) -> bool:
        """Whether flooding cases send all their requests in this run."""
        return self._flood >= 1

    async def burst(self) -> Burst:
        """The run's burst over the declared rate limit; the first case that asks for it sends it.

        Raises:
            Untestable: No window was free, or nothing of the burst was refused, so that there is no limit to ask about.
        """
        limit = self.declares.rate_limit
        assert limit is not None, "the case must need rate_limit"
        if "burst" not in self._shared:
            sending = burst_over(self, limit.models[0], limit.requests, limit.window_s)
            self._shared["burst"] = SharedWork(asyncio.create_task(sending), time.monotonic_ns())
        shared = self._shared["burst"]
        self.since_ns = shared.begun_ns
        burst: Burst = await asyncio.shield(shared.task)
        self.read_burst = burst
        self.responses += [response for response in burst.responses if response not in self.responses]
        if not burst.denied:
            raise Untestable("the target doesn't enforce the limit that it declares")
        return burst

    def log(self) -> str:
        """What the target has logged so far.

        Raises:
            Untestable: The log file can't be read.
        """
        try:
            return Path(self.config.log_file).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise Untestable(f"the log file can't be read: {error}") from error

    def sdk(self) -> AsyncOpenAI:
        """The official client, pointed at the target, without retries. Use it as a context manager.

        Its exchanges are among the responses, as all others.
        """
        return official_client(self.config, self.read_timeout_s, self)
