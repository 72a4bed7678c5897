"""Chat answers in one piece: what a provider said is what a client reads."""
