"""A healthy relay whose provider speaks Anthropic's Messages API, with OpenAI's chat completions in front."""

from hopcheck_server.relay.translating.relay import TranslatingRelay

__all__ = ["TranslatingRelay"]
