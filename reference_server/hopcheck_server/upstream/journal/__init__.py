"""What the upstream saw: every attempt, with its times, headers, raw body and ending."""
