"""A model that several deployments serve, each with a key of its own: conversations stay with what made their state.

Signed thinking, encrypted reasoning and stored responses are of use to the deployment alone that made them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

_STATE = frozenset({"signature", "encrypted_content", "previous_response_id"})
"""Members that carry state of a deployment, or name it."""


class Deployments:
    """The deployments of a relay's models.

    Attributes:
        homes: The key of the deployment that made some state, by that state.
    """

    def __init__(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Take the keys of each model that has several."""
        self.homes: dict[str, str] = {}
        self._next = {model: itertools.cycle(of_model) for model, of_model in keys.items()}

    def choose(self, model: str, request: Any) -> str | None:
        """The key of the deployment whose state a request has, else of the next one; None for any other model."""
        if model not in self._next:
            return None
        made = (self.homes[state] for state in states_of(request) if state in self.homes)
        return next(made, None) or next(self._next[model])

    def note(self, model: str, key: str, payload: Any) -> None:
        """Remember whose the state is that a response, or an event, carries."""
        if model in self._next:
            self.homes |= dict.fromkeys(states_of(payload), key)


def states_of(value: Any) -> Iterator[str]:
    """The state of deployments that stands in a JSON value, in requests and responses."""
    if isinstance(value, dict):
        for name, one in value.items():
            is_response = name == "id" and value.get("object") == "response"
            if (name in _STATE or is_response) and isinstance(one, str) and one:
                yield one
            yield from states_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from states_of(one)
