"""Adapters to what answers the requests: LiteLLM, a provider, or a mock."""
