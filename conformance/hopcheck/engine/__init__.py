"""Runs cases against a target and judges every exchange against the contracts."""
