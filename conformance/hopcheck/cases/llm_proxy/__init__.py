"""LLM-Proxy's own API, in addition to OpenAI's."""
