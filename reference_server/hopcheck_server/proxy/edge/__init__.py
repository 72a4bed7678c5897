"""The side towards clients: what they may take before they have shown a key."""
