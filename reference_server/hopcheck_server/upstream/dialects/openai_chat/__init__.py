"""OpenAI's chat completions, and its list of models."""

from hopcheck_server.upstream.dialects.openai_chat.dialect import OpenAIChat

DIALECT = OpenAIChat()
