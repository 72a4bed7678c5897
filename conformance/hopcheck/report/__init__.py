"""The report document, and everything that is made from it."""
