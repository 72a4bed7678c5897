"""Documents that are right, with one thing changed, and what a provider's contract has to say of them."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hopcheck_contracts.documents import Provider, document
from hopcheck_contracts.schemas import named_schema, validate_event

GONE = object()
"""Stands for a member that is taken out."""


def example(provider: Provider, name: str, place: int = 0) -> Any:
    """One of a schema's examples, free to be changed."""
    return deepcopy(document(provider)["components"]["schemas"][name]["examples"][place])


def changed(value: Any, path: str, new: Any) -> Any:
    """A value in which one member, at a path such as `messages.0.role`, is another one, or gone."""
    *before, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner = value
    for step in before:
        inner = inner[step]
    if new is GONE:
        del inner[last]
    else:
        inner[last] = new
    return value


def found(provider: Provider, name: str, value: Any) -> list[str]:
    """What is wrong with a document of a kind; of an event, as it would come."""
    if name == "StreamEvent":
        return [str(one) for one in validate_event(provider, json.dumps(value))]
    return [str(one) for one in named_schema(provider, name).violations(value)]
