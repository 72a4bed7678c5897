"""LiteLLM killed under traffic and started again: what becomes of every request."""
