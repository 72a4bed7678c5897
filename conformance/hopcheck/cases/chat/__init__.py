"""Chat completions: what the provider sent is what the client reads."""
