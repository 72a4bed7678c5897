"""The endpoints: each reads, asks the adapter, and answers."""
