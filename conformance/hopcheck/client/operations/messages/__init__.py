"""Anthropic's Messages: whole, as a stream, and how many tokens a request has."""

from hopcheck.client.operations.messages.kinds import COUNT_TOKENS, MESSAGES, MESSAGES_STREAM

__all__ = ["COUNT_TOKENS", "MESSAGES", "MESSAGES_STREAM"]
