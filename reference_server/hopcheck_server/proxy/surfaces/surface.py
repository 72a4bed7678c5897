"""What this proxy has to know of each API that it serves; what the messages say is for client and upstream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.surfaces.anthropic_errors import encode_anthropic

API_KEY = "x-api-key"

CLAUDE_SESSION = "x-claude-code-session-id"
CODEX_SESSION = "session-id"


@dataclass(frozen=True, slots=True)
class ClientSurface:
    """One API.

    Attributes:
        name: As settings name it.
        encode_error: Makes the body of an error response.
        has_key_header: Whether clients and upstreams know `x-api-key`; clients may send a bearer key all the same.
        headers: A client's header fields that are sent upstream, lower case. LiteLLM treats some clients of these
            APIs in their own way, and knows them by their User-Agent; a session it may keep on one deployment.
        query: The parameters of a client's query that are sent upstream. Others could steer the upstream.
    """

    name: str
    encode_error: Callable[[ProxyError], bytes] = ProxyError.encode
    has_key_header: bool = False
    headers: tuple[str, ...] = ()
    query: frozenset[str] = frozenset()


CHAT = ClientSurface("chat")
EMBEDDINGS = ClientSurface("embeddings")
MESSAGES = ClientSurface(
    "messages",
    encode_anthropic,
    has_key_header=True,
    headers=("anthropic-version", "anthropic-beta", "user-agent", CLAUDE_SESSION),
    query=frozenset({"beta"}),
)
RESPONSES = ClientSurface(
    "responses",
    headers=("user-agent", CODEX_SESSION),
    query=frozenset(
        {"after", "include", "include[]", "include_obfuscation", "limit", "order", "starting_after", "stream"}
    ),
)


def surface_of(path: str) -> ClientSurface:
    """Return the API that a path belongs to; an unknown path counts as OpenAI's."""
    if path == "/v1/messages" or path.startswith("/v1/messages/"):
        return MESSAGES
    if path == "/v1/responses" or path.startswith("/v1/responses/"):
        return RESPONSES
    return EMBEDDINGS if path == "/v1/embeddings" else CHAT
