"""A provider that is asked on another surface than the client's is judged by the same story in the client's form."""

from __future__ import annotations

import json

import pytest

from hopcheck import reply
from hopcheck.client.providers.translated_attempt import foreign_dialect
from hopcheck.engine.exchanges.openai_form import given_messages
from hopcheck.engine.exchanges.typed_content import message_content, response_content
from hopcheck_server.upstream.journal.attempt import Attempt, SentResponse
from hopcheck_server.upstream.script.reply import script_of

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
MARKER = "hopcheck:a.b~~chat:1"


def attempt_at(path: str) -> Attempt:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": MARKER}]}).encode()
    made = Attempt(MARKER, "a.b", 1, "m", "POST", path, [], body, 1, 5, ended="answered")
    made.response = SentResponse(200, [("content-type", "application/json")], b"{}")
    return made


@pytest.mark.parametrize(
    ("provider", "client", "dialect"),
    [
        (CHAT, CHAT, ""),
        ("/openai/deployments/d/chat/completions", CHAT, ""),
        (MESSAGES, CHAT, "anthropic"),
        (MESSAGES, MESSAGES, ""),
        (CHAT, MESSAGES, "openai_chat"),
        (RESPONSES, MESSAGES, "openai_responses"),
        (RESPONSES, RESPONSES, ""),
        (CHAT, RESPONSES, "openai_chat"),
        ("/v1/embeddings", "/v1/embeddings", ""),
    ],
)
def test_a_dialect_is_foreign_to_every_surface_but_its_own(provider: str, client: str, dialect: str) -> None:
    found = foreign_dialect(attempt_at(provider), client)
    assert (found.name if found else "") == dialect


def test_what_a_chat_provider_gave_in_the_client_s_form() -> None:
    scripts = {"a.b": script_of(reply.chat("Hel", "lo"))}
    (as_message,) = given_messages([attempt_at(CHAT)], MESSAGES, {"max_tokens": 9, "messages": []}, scripts)
    (as_response,) = given_messages([attempt_at(CHAT)], RESPONSES, {"input": "Hi"}, scripts)
    assert as_message is not None
    assert as_response is not None
    assert message_content(as_message)["content"] == [{"type": "text", "text": "Hello"}]
    assert response_content(as_response)["output"][0]["content"] == [{"type": "output_text", "text": "Hello"}]
