"""The endpoints: each reads the request, asks the adapter, and sends its response."""
