"""Mock mode: responses in the full wire format of each surface, without an upstream."""
