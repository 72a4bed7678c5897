"""Rate limits: the target's own, and the provider's."""
