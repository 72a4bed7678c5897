"""The operations of a target: a file for each way of asking it, and what a case asks with."""

from hopcheck.client.operations.kind import NotExpressible, OperationKind
from hopcheck.client.operations.operation import Operation
from hopcheck.client.operations.table import (
    ALL,
    FORWARDED,
    GENERATING,
    OF_PROVIDERS,
    ON_MESSAGES,
    OPERATIONS,
    OTHER,
    operation_of,
)

__all__ = [
    "ALL",
    "FORWARDED",
    "GENERATING",
    "OF_PROVIDERS",
    "ON_MESSAGES",
    "OPERATIONS",
    "OTHER",
    "NotExpressible",
    "Operation",
    "OperationKind",
    "operation_of",
]
