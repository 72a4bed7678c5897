"""An honest relay that limits its clients in another way than by windows."""

from __future__ import annotations

import time

from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.limits import Admission, RelayLimits
from hopcheck_server.relay.relay import Relay


class TokenBuckets(RelayLimits):
    """A bucket of tokens for each client key and model: it is full at first, and fills up evenly."""

    def __init__(self) -> None:
        super().__init__()
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def admit(self, key: str, model: str, requests: int, window_s: float) -> Admission:
        """Take a token for one request, if there is one."""
        now = time.monotonic()
        tokens, since = self._buckets.get((key, model), (float(requests), now))
        tokens = min(requests, tokens + (now - since) * requests / window_s)
        admitted = tokens >= 1
        tokens -= admitted
        self._buckets[(key, model)] = (tokens, now)
        return Admission(admitted, requests, int(tokens), (requests - tokens) * window_s / requests)


class FillsBuckets(Relay):
    """The requests of a limit come back one by one, and not all at once when a window ends."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.limits = TokenBuckets()
