"""OpenAI's Responses API."""

from hopcheck_server.upstream.dialects.openai_responses.dialect import OpenAIResponses

DIALECT = OpenAIResponses()
