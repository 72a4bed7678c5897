"""A target's own rate limit: how it shows, and how a run keeps below it."""
