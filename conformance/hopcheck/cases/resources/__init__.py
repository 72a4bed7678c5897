"""Resources: what many requests leave behind."""
