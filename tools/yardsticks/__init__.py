"""What a proxy costs next to a bare one: `python -m tools.yardsticks`.

The yardstick is `thin_relay`, the least that a FastAPI application with aiohttp needs to relay a chat. It checks
nothing, knows no key and handles no error, so nobody should run it; what a proxy costs more than this is the price of
its features.
"""
