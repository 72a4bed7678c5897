"""The load report: one document, and everything that is rendered from it."""
