"""The memory that requests may take: `budget` counts it for all of them, `body_limit` bounds the body of each."""
