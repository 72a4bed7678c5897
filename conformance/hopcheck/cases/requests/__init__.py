"""What the upstream receives of a client's request."""
