"""What only a translation between dialects can break: asked of providers by their names (`--provider`)."""
