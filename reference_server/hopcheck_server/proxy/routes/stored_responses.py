"""Responses that the upstream has stored: `/v1/responses/{id}`, its cancellation, and its input."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response

from hopcheck_server.proxy.adapters.transports.base import Method
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.requests import read_stored
from hopcheck_server.proxy.responses import response_of
from hopcheck_server.proxy.routes.context import READ_METHODS, adapter_of, while_connected

PATH = "/v1/responses/{response_id}"

_ID = re.compile(r"[A-Za-z0-9_\-=+]{1,4096}\Z")
"""Nothing that could lead to another path of the upstream."""

router = APIRouter()


@router.api_route(PATH, methods=READ_METHODS)
async def get_response(request: Request, response_id: str) -> Response:
    """Return a stored response; as a stream, if the query asks for one."""
    return await _ask(request, response_id, "GET")


@router.delete(PATH)
async def delete_response(request: Request, response_id: str) -> Response:
    """Delete a stored response."""
    return await _ask(request, response_id, "DELETE")


@router.post(f"{PATH}/cancel")
async def cancel_response(request: Request, response_id: str) -> Response:
    """Cancel a response that is made in the background."""
    return await _ask(request, response_id, "POST")


@router.api_route(f"{PATH}/input_items", methods=READ_METHODS)
async def list_input_items(request: Request, response_id: str) -> Response:
    """List the input of a stored response."""
    return await _ask(request, response_id, "GET")


async def _ask(request: Request, response_id: str, method: Method) -> Response:
    if not _ID.match(response_id):
        raise ProxyError(404, f"There is no response with the id '{response_id[:100]}'.", param="response_id")
    return response_of(await while_connected(request, adapter_of(request).answer(read_stored(request, method))))
