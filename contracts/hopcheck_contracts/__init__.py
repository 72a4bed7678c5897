"""What the APIs require on the wire, and the pure code that reads it."""
