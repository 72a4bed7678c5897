"""hopcheck holds LLM proxies to their contract."""
