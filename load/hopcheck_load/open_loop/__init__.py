"""The measurement under load, an open loop: requests are sent by a schedule, whatever the responses do."""
