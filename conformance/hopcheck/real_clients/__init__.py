"""Real command-line clients, run through the target: what their users see when the provider does this or that."""
