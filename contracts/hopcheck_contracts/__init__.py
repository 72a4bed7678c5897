"""What is owed on the wire, and the pure code that reads it."""
