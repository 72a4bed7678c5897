"""What only the deployment can read that made it: signatures of thinking, encrypted reasoning."""

from collections.abc import Iterator
from typing import Any

STATE = ("signature", "encrypted_content")


def states_of(value: Any) -> Iterator[str]:
    """The state that stands in a JSON value."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name in STATE and isinstance(one, str) and one:
                yield one
            yield from states_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from states_of(one)


def received(response: Any) -> str:
    """The state that a response carries: in a stream of Messages its pieces, joined; "" if there is none."""
    if not hasattr(response, "objects"):
        return next(states_of(response.json), "")
    found = list(states_of(response.objects))
    return found[-1] if hasattr(response, "final") and found else "".join(found)
