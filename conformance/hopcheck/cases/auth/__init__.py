"""Keys and other secrets: who is let in, and what goes no further."""
