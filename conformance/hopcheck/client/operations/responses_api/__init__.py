"""OpenAI's Responses: whole, and as a stream of typed events."""

from hopcheck.client.operations.responses_api.response_kinds import RESPONSES, RESPONSES_PATH, RESPONSES_STREAM

__all__ = ["RESPONSES", "RESPONSES_PATH", "RESPONSES_STREAM"]
