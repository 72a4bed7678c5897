"""The schemas of the OpenAPI contracts, for cases that ask about the shape of a JSON value."""

from __future__ import annotations

from typing import Any

from hopcheck_contracts.documents import Boundary
from hopcheck_contracts.schemas import named_schema


def contract_violations(schema: str, value: Any, boundary: Boundary = "openai-compatible") -> list[str]:
    """What is wrong with a JSON value, in sentences; empty if nothing is.

    Args:
        schema: A component of the contract's document, such as `ChatCompletion`, `ChatCompletionChunk` or `Error`.
        value: The value.
        boundary: Whose contract.
    """
    return [str(violation) for violation in named_schema(boundary, schema).violations(value)]
