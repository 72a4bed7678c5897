"""The list of models, which the target itself answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.config import Declares, Models
from hopcheck.client.operations.kind import NotExpressible, OperationKind

MODELS_PATH = "/models"


def _asks(method: str, path: str, _body_given: Any) -> bool:
    return path.endswith(MODELS_PATH) or (method in ("GET", "HEAD") and f"{MODELS_PATH}/" in path)


def _no_body(_models: Models, _marker: str, fields: Mapping[str, Any]) -> None:
    if fields:
        raise NotExpressible(f"a request for the list of models has no {', '.join(sorted(fields))}")


def _why_not_offered(declares: Declares) -> str:
    return "" if declares.models else "the target serves no list of models (`models = false`)"


MODELS = OperationKind(
    name="models",
    method="GET",
    path=MODELS_PATH,
    forwarded=False,
    body=_no_body,
    matches=_asks,
    why_not_offered=_why_not_offered,
)
