"""The target as a case sees it: it is sent requests, and shows its responses and what the upstream received.

Waiting, HTTP and parsing are done in this package, so that cases read as requirements. Nothing here judges.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcheck.client.burst import Burst, burst_over
from hopcheck.client.config import Declares, Models, TargetConfig
from hopcheck.client.operations import OPERATIONS, Operation
from hopcheck.client.pacing.pace import Pace
from hopcheck.client.responses import Untestable
from hopcheck.client.sdk import official_client
from hopcheck.client.session import RECOVERY_S, TargetSession
from hopcheck.client.surfaces import Chat, Embeddings
from hopcheck_server.upstream.control.client import Control

if TYPE_CHECKING:
    from openai import AsyncOpenAI


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
        *,
        case_id: str = "hopcheck",
        operation: str = "chat",
        nonces: Iterator[str] | None = None,
        read_timeout_s: float = 30.0,
        recovery_s: float = RECOVERY_S,
        expects_limits: bool = False,
        expects_outage: bool = False,
        floods: bool = False,
        pace: Pace | None = None,
        shared: dict[str, asyncio.Task[Any]] | None = None,
        flood: float = 1.0,
    ) -> None:
        """Bind a target to a case.

        Args:
            config: See `TargetSession`; so are the others.
            control: The upstream behind it.
            case_id: The case.
            operation: The operation that the case is run on.
            nonces: Yields a nonce for each request.
            read_timeout_s: How long the target may be silent.
            recovery_s: How long the target may take to come out of a cooldown.
            expects_limits: Whether the case is about a limit.
            expects_outage: Whether the case is about a provider that is down.
            floods: Whether the case floods the target.
            pace: The run's pace.
            shared: What the cases of a run have in common, by name.
            flood: Which part of its requests a flooding case sends; below 1, long responses are shorter, too.
        """
        super().__init__(
            config,
            control,
            case_id=case_id,
            operation=operation,
            nonces=nonces,
            read_timeout_s=read_timeout_s,
            recovery_s=recovery_s,
            expects_limits=expects_limits,
            expects_outage=expects_outage,
            floods=floods,
            pace=pace,
        )
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

    @property
    def declares(self) -> Declares:
        """What the target declares."""
        return self.config.declares

    @property
    def models(self) -> Models:
        """The models that healthy requests name."""
        return self.config.models

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
            self._shared["burst"], self._shared["burst_at_ns"] = asyncio.ensure_future(sending), time.monotonic_ns()
        self.since_ns = self._shared["burst_at_ns"]
        burst: Burst = await asyncio.shield(self._shared["burst"])
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
