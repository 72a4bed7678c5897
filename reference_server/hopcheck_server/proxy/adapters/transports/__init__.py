"""Carry bytes to the upstream and back: `base` is the interface, `raw` and `openai_client` implement it."""
