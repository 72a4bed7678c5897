"""The workarounds of `hopcheck_server.litellm_workarounds`, as the backend that the adapters ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck_server.litellm_workarounds import fix_error, fix_event, restore_provider_headers, restore_refusal
from hopcheck_server.proxy.adapters.base import Call
from hopcheck_server.proxy.adapters.litellm.control_fields import refuse_control_fields
from hopcheck_server.proxy.json_text import insert_member

_TRACE_FIELDS = ("traceparent", "tracestate")


class LiteLLMWorkarounds:
    """`Backend` for LiteLLM."""

    # LiteLLM knows names that it doesn't list (hidden aliases, wildcards), and itself refuses unknown ones before any
    # provider call.
    lists_authoritatively = False

    def outgoing(self, call: Call) -> tuple[bytes | None, Mapping[str, str]]:
        """Refuse control fields, and add the trace context in LiteLLM's own field.

        The client's User-Agent stays: for Claude Code and Codex LiteLLM drops parameters that a provider doesn't have,
        and refuses them from everybody else. Versions: 1.106.2.
        """
        refuse_control_fields(call.body)
        return call.raw and carry_trace_context(call.raw, call.headers), call.headers

    def incoming_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """See `restore_provider_headers`."""
        return restore_provider_headers(headers)

    def error(self, status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """See `fix_error`."""
        return fix_error(status, error)

    def response(self, response: dict[str, Any]) -> dict[str, Any] | None:
        """See `restore_refusal`."""
        return restore_refusal(response)

    def event(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """See `fix_event`."""
        return fix_event(event)


def carry_trace_context(raw: bytes, headers: Mapping[str, str]) -> bytes:
    """Pass `traceparent` to LiteLLM in a body field that it turns into headers (`http.traceparent`).

    LiteLLM passes none of a client's headers to the provider, but those in the body's `headers` or `extra_headers`. The
    latter would replace the `extra_headers` that the operator has given the model; `headers` is merged with
    them. Clients may use neither, so there is never a second one. Versions: 1.106.2.
    """
    trace = {name: headers[name] for name in _TRACE_FIELDS if name in headers}
    return insert_member(raw, "headers", trace) if trace else raw
