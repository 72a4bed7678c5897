"""The command `hopcheck load`."""
