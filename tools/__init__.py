"""The project's own measuring tools; not part of the distribution."""
