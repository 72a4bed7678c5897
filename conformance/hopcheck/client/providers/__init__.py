"""Providers that speak another dialect than OpenAI's: what can be asked of them, and what arrived at them."""
