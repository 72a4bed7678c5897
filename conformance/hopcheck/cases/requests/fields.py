"""Fields of a request's body: what came of them on the way, and changes for mutants. Holds no case."""

from collections.abc import Collection, Mapping
from typing import Any

from hopcheck import canonical_request


def changed(sent: Mapping[str, Any], got: Any, spared: Collection[str] = ()) -> dict[str, Any]:
    """The fields that the upstream got with another meaning than they were sent with, with both values.

    They are compared in their canonical form, and by value: 0.0 says the same as 0.

    Args:
        sent: What was sent.
        got: The body that the upstream got.
        spared: Fields that may be missing, because the target says that it drops them.
    """
    received = canonical_request(got)
    may_lack = canonical_request(dict.fromkeys(spared, "dropped"))
    return {
        field: {"sent": value, "received": received.get(field)}
        for field, value in canonical_request(sent).items()
        if received.get(field) != value and not (field in may_lack and field not in received)
    }


def lacks(got: Any, field: str, value: Any) -> bool:
    """Whether a request that was sent with this field arrived without it, under any of its names."""
    return not canonical_request({field: value}).keys() <= canonical_request(got).keys()
