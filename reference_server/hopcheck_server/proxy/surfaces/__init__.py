"""The APIs that clients speak to this proxy, and what differs between them."""
