"""What is particular about LiteLLM as an upstream: the fields that steer it, and the workarounds for its faults."""
