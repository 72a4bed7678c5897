"""LiteLLM killed under traffic and started again: how every request ended."""
