"""The page of what LiteLLM does with each provider (`docs/providers.md`)."""
