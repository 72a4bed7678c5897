"""The invariants tested against themselves: relays that break one of them on some operation, and honest relays."""
