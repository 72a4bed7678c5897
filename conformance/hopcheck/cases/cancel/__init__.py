"""A client that leaves: what becomes of its request."""
