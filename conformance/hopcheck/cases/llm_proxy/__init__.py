"""LLM-Proxy's own API, beside OpenAI's."""
