"""Clients by name: what each of them needs of a gateway, and what a report says about that."""
