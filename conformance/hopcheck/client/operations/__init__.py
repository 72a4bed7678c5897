"""The operations of a target: a file for each way of asking it, and what a case asks with."""

from hopcheck.client.operations.kind import NotExpressible, OperationKind
from hopcheck.client.operations.operation import Operation
from hopcheck.client.operations.table import (
    ALL,
    ANSWERED,
    FORWARDED,
    GENERATING,
    OF_OPENAI,
    OF_PROVIDERS,
    ON_CHAT,
    ON_MESSAGES,
    ON_RESPONSES,
    OPERATIONS,
    OTHER,
    STREAMED,
    operation_of,
)

__all__ = [
    "ALL",
    "ANSWERED",
    "FORWARDED",
    "GENERATING",
    "OF_OPENAI",
    "OF_PROVIDERS",
    "ON_CHAT",
    "ON_MESSAGES",
    "ON_RESPONSES",
    "STREAMED",
    "OPERATIONS",
    "OTHER",
    "NotExpressible",
    "Operation",
    "OperationKind",
    "operation_of",
]
