"""Gateways that start from a registry package, held to their contract: `python -m tools.gateways [NAME ...]`."""
