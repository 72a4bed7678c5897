"""What stands behind the routes: LiteLLM, a provider, or nobody (mock)."""
