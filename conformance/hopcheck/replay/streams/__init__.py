"""Event streams replayed in other chunks, or rewritten, to compare what a client receives."""
